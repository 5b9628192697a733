"""The compiled kernel, with the built-in behaviours or with the user's own."""

from __future__ import annotations

import inspect
import textwrap
from collections.abc import Mapping
from dataclasses import dataclass
from types import FunctionType, ModuleType
from typing import Any

from numba import jit
from numba.core.dispatcher import Dispatcher

from stresslab.engine.kernel import arrears, behaviour, loop, monitoring, payments


@dataclass(frozen=True)
class Kernel:
    """Compiled functions of `loop`."""

    live: Any
    live_in_step: Any
    live_month: Any
    open_accounts: Any


BUILT_IN = Kernel(loop.live, loop.live_in_step, loop.live_month, loop.open_accounts)
_MADE: dict[tuple[tuple[str, Any], ...], Kernel] = {}


def kernel_with(own: Mapping[str, Any]) -> Kernel:
    """The kernel with some functions of `behaviour` replaced, compiled anew in each process.

    own : name of a function in `engine.kernel.behaviour` -> function under `numba.njit` with the same arguments
    The replacement is inlined like the built-in one, so it is as fast if it is as plain.
    """
    if not own:
        return BUILT_IN
    key = tuple(sorted(own.items(), key=lambda item: item[0]))
    if key not in _MADE:
        act = ModuleType("behaviour")
        vars(act).update(_anew(behaviour, {}, own))
        made: dict[str, Any] = {}
        for module in (payments, monitoring, arrears, loop):
            made |= _anew(module, made | {"act": act}, {})
        _MADE[key] = Kernel(made["live"], made["live_in_step"], made["live_month"], made["open_accounts"])
    return _MADE[key]


def _anew(module: ModuleType, names: Mapping[str, Any], own: Mapping[str, Any]) -> dict[str, Any]:
    """The module's own jitted functions over other global names: what they call is looked up when they compile."""
    scope = dict(vars(module)) | dict(names)
    jitted = {
        name: value
        for name, value in vars(module).items()
        if isinstance(value, Dispatcher) and value.py_func.__module__ == module.__name__
    }
    fresh = {
        name: jit(**value.targetoptions)(FunctionType(value.py_func.__code__, scope, name))
        for name, value in jitted.items()
    }
    fresh |= {name: jit(nopython=True, forceinline=True)(value.py_func) for name, value in own.items()}
    scope |= fresh
    return fresh


def behaviour_faults(own: Any) -> list[str]:
    """Faults of the user's own behaviours."""
    if not isinstance(own, Mapping):
        return [f"behaviour: found {own!r}, expected a mapping name -> jitted function; write behaviour={{...}}"]
    built_in = {name: value for name, value in vars(behaviour).items() if isinstance(value, Dispatcher)}
    faults = []
    for name, function in own.items():
        if name not in built_in:
            faults.append(f"behaviour: found {name!r}, expected one of {sorted(built_in)}; choose one")
        elif not isinstance(function, Dispatcher):
            faults.append(f"behaviour {name!r}: found {function!r}, expected a function under numba.njit; decorate it")
        else:
            expected, given = (list(inspect.signature(f.py_func).parameters) for f in (built_in[name], function))
            if len(expected) != len(given):
                faults.append(
                    f"behaviour {name!r}: found arguments {given}, expected {expected}; take the same, in this order"
                )
    return faults


def source_of(own: Mapping[str, Any]) -> dict[str, str]:
    """Source of each replacement, for the record; its name where the source is not at hand."""
    sources = {}
    for name, function in own.items():
        try:
            sources[name] = textwrap.dedent(inspect.getsource(function.py_func))
        except (OSError, TypeError):  # typed at a prompt
            sources[name] = repr(function.py_func)
    return sources
