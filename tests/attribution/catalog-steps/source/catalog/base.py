from abc import ABC, abstractmethod
from typing import List, Optional, Union

from pyspark.sql import DataFrame


class Step(ABC):
    """A step takes frames of the context by name and may put one back."""

    def __init__(self, input: Union[str, List[str], None] = None, name: Optional[str] = None, cache: bool = False, **options):
        self.inputs = [input] if isinstance(input, str) else list(input or [])
        self.name = name
        self.cache = cache
        self.options = options

    def execute(self, context) -> None:
        frames = [context[name] for name in self.inputs]
        self.before(context, *frames)
        result = self.apply(context, *frames)
        if result is not None:
            if self.cache:
                result = result.cache()
            context.put(self.name, result)
        self.after(context, result)

    def before(self, context, *frames: DataFrame) -> None:
        pass

    @abstractmethod
    def apply(self, context, *frames: DataFrame) -> Optional[DataFrame]:
        ...

    def after(self, context, result: Optional[DataFrame]) -> None:
        pass


class Counted(Step):
    """A step that tells how many rows it made."""

    def after(self, context, result):
        if result is not None:
            print(f"{self.name}: {result.count()} rows")
