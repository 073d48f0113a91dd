"""What a simulation ends with when a promise of the venue was broken."""


class Violation(Exception):
    """A checker found a broken promise.

    Attributes:
        rule: The promise, in a few words.
        detail: What was seen instead.
    """

    def __init__(self, rule: str, detail: str) -> None:
        self.rule = rule
        self.detail = detail
        super().__init__(f"{rule}: {detail}")


def check(is_kept: bool, rule: str, detail: object = "") -> None:
    """Go on if a promise was kept.

    The detail is made either way: where that takes long, raise the violation instead.

    Raises:
        Violation: It was not.
    """
    if not is_kept:
        raise Violation(rule, str(detail))
