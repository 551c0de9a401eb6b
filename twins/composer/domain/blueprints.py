"""From a blueprint and a few answers to the operations that compose the twin, the same that the browser sends."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from uuid import UUID

from tenants.kernel.errors import OutturnError
from twins.composer.schemas import AddAsset, Bind, Blueprint, FleetParameters, Operation, RenameTwin


class FleetNamesError(OutturnError):
    """The names given do not fit the number of assets, or two of them are the same."""

    code = "blueprint.names"


def compose(
    blueprint: Blueprint, parameters: FleetParameters, *, signals: Iterable[str], new_id: Callable[[], UUID]
) -> list[Operation]:
    """The operations that make a twin of the blueprint out of an empty draft, in order.

    Args:
        blueprint: What the twin is made of.
        parameters: The answers of the person who fills it in.
        signals: Keys of the signals to be bound, those of the blueprint's type.
        new_id: Gives each asset its id.

    Raises:
        FleetNamesError: There are more or fewer names than assets, or one stands twice.
    """
    numbers = range(parameters.first, parameters.first + parameters.count)
    names = parameters.names or tuple(blueprint.asset_name.format(number=number) for number in numbers)
    _check(names, parameters.count)
    keys = list(signals)
    operations: list[Operation] = [RenameTwin(name=parameters.name)]
    for index, (number, name) in enumerate(zip(numbers, names, strict=True)):
        row, column = divmod(index, blueprint.columns)
        asset, at = str(new_id()), (column * blueprint.step[0], row * blueprint.step[1])
        operations.append(AddAsset(asset=asset, type=blueprint.type, name=name, at=at))
        if parameters.gateway is not None:
            bound = ((signal, blueprint.gateway_key.format(unit=number, signal=signal)) for signal in keys)
            operations += [
                Bind(place=f"{asset}/{signal}", gateway=parameters.gateway, key=key) for signal, key in bound
            ]
    return operations


def _check(names: tuple[str, ...], count: int) -> None:
    if len(names) != count:
        message = f"There are {len(names)} names for {count} assets."
        raise FleetNamesError(message, place="names", fix="Give each asset a name, or give none to have them numbered.")
    if len(set(names)) != count:
        fix = "Give each asset its own name."
        raise FleetNamesError("Two assets have the same name.", place="names", fix=fix)
