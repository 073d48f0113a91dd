"""Tasks that live exactly as long as a block: the venue's tree of concurrency is made of these."""

import asyncio
from collections.abc import AsyncIterator, Coroutine
from contextlib import asynccontextmanager


class Crew:
    """The tasks of one block; made by `crew`."""

    def __init__(self, group: asyncio.TaskGroup) -> None:
        self._group = group
        self._tasks: list[asyncio.Task[None]] = []

    def start(self, work: Coroutine[object, object, None], name: str) -> asyncio.Task[None]:
        """Start a task that ends with the block, or ends the block when it fails."""
        task = self._group.create_task(work, name=name)
        self._tasks.append(task)
        return task

    def failure(self) -> BaseException | None:
        """Return what the first of the tasks that failed so far raised; None if none did."""
        ended = [task for task in self._tasks if task.done() and not task.cancelled()]
        return next((error for task in ended if (error := task.exception()) is not None), None)

    def dismiss(self) -> None:
        """Cancel every task."""
        for task in self._tasks:
            task.cancel()


@asynccontextmanager
async def crew() -> AsyncIterator[Crew]:
    """Run tasks beside a block, and no longer than it.

    `async with crew() as tasks: tasks.start(work(), "name")`

    The end of the block cancels the tasks and waits for them. A task that fails ends the block,
    and its error is raised as it is; so is what the block itself raises, unless a task had failed
    before: then the block only felt what had happened to the task.
    """
    failure: BaseException | None = None
    try:
        async with asyncio.TaskGroup() as group:
            tasks = Crew(group)
            try:
                yield tasks
            except Exception as error:  # noqa: BLE001 (raised again below, outside the group)
                failure = tasks.failure() or error
            finally:
                tasks.dismiss()
    except BaseExceptionGroup as errors:
        # The first failure cancels the others; what they raise while ending is a consequence.
        raise failure or errors.exceptions[0] from None
    if failure is not None:
        raise failure
