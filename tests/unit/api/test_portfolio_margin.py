import msgspec

from strikewire.api import METHODS
from strikewire.api.jsonrpc import decode_params


def test_positions_are_an_object_or_its_text() -> None:
    method = METHODS["private/pme/simulate"]
    for positions in ({"BTC-PERPETUAL": -1.5}, '{"BTC-PERPETUAL": -1.5}'):
        params = {"currency": "BTC", "simulated_positions": positions}

        decoded = decode_params(method, msgspec.Raw(msgspec.json.encode(params)))

        assert decoded.simulated_positions == positions  # type: ignore[attr-defined]
