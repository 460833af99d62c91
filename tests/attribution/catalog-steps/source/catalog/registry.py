"""Steps register themselves by name."""
from typing import Callable, Dict, Type

_STEPS: Dict[str, Type] = {}


def register(name: str) -> Callable[[Type], Type]:
    def wrap(cls: Type) -> Type:
        if name in _STEPS:
            raise KeyError(f"step {name} exists already")
        _STEPS[name] = cls
        cls.step_name = name
        return cls

    return wrap


def create(spec: dict):
    options = dict(spec)
    try:
        cls = _STEPS[options.pop("step")]
    except KeyError as error:
        raise ValueError(f"no such step: {error}")
    return cls(**options)
