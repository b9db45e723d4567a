"""Plain networks made equivariant, as R asks for it."""

from __future__ import annotations

from typing import Any

from intertwine import nn
from intertwine._r.layers import seeded


def make(method: str, in_type: Any, out_type: Any, net: Any, settings: dict[str, Any], seed: float) -> Any:
    """The network in a module that is equivariant.

    Args:
        method: ``"average"``, ``"frames"`` or ``"canonical"``.
        in_type: the fields of the input.
        out_type: the fields of the output.
        net: the network.
        settings: of the method.
        seed: of the weights that a learned pose starts with.
    """
    on_points = in_type.gspace.dimensionality == 0 and in_type.fibergroup.continuous
    kinds: dict[str, Any] = {
        "average": nn.GroupAverage,
        "frames": nn.PointFrameAverage if on_points else nn.FrameAverage,
        "canonical": nn.PointCanonicalised if on_points else nn.Canonicalised,
    }
    if on_points and "scores" in settings:
        settings["axes"] = settings.pop("scores")
    with seeded(seed):
        return kinds[method](in_type, out_type, net, **settings)


def lift(conv: Any, in_type: Any, out_type: Any) -> dict[str, Any]:
    """The group convolution with the weights of an ordinary one, and what is lost."""
    layer, rest = nn.lift_conv(conv, in_type, out_type)
    return {"layer": layer, "residual": float(rest)}


def project(layer: Any, inputs: str) -> dict[str, Any]:
    """The ordinary convolution with the weights of the identity, and what is lost."""
    conv, rest = nn.project_conv(layer, inputs)
    return {"conv": conv, "residual": float(rest)}
