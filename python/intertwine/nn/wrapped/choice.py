"""A plain network in one pose: an energy or a learned score chooses the element that turns an input back."""

from __future__ import annotations

from abc import abstractmethod
from typing import Any, ClassVar

import torch
from torch.nn import functional as F

from intertwine.checks import number
from intertwine.errors import FieldTypeError, ShapeError
from intertwine.fields import FieldType
from intertwine.nn.base.module import EquivariantModule, call_part
from intertwine.nn.base.sequential import SequentialModule
from intertwine.nn.conv.convolutions import R1Conv, R2Conv, R3Conv
from intertwine.nn.conv.linear import Linear
from intertwine.nn.nonlinear.pointwise import ELU
from intertwine.nn.wrapped.turning import FiniteWrappedNet

_TIE = 256
"""Scores this many roundings apart, of numbers of their size, count as equal."""


class PosedNet(FiniteWrappedNet):
    """A network that sees an input turned back by the element with the greatest score, and whose output is turned forward.

    Scores s_g(x) with s_hg(h x) = s_g(x) make it equivariant. An input with a symmetry of its own has several elements of the
    greatest score; they turn it back to the same, so that the network runs once, and its outputs, turned by each of them, are
    averaged.
    """

    @abstractmethod
    def _scores(self, tensor: torch.Tensor, turned: list[torch.Tensor]) -> tuple[torch.Tensor, torch.Tensor]:
        """The score of each element for each sample, shape ``(batch, elements)``, and the size of what was rounded."""

    def _chosen(self, scores: torch.Tensor, size: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """For each sample the element that turns back, and the weights of all that turn forward, shape ``(batch, elements)``."""
        best = F.one_hot(scores.argmax(dim=1), self.order).to(scores.dtype)
        slack = _TIE * torch.finfo(scores.dtype).eps * size.detach()
        tied = (scores >= scores.amax(dim=1, keepdim=True) - slack[:, None]).to(scores.dtype)
        slope = self._slope(scores)
        return best + slope, tied / tied.sum(dim=1, keepdim=True) + slope

    def _slope(self, scores: torch.Tensor) -> torch.Tensor:
        """Zeros with the gradient of the choice: none, as it jumps. All parameters have a gradient so."""
        return 0 * scores

    def _compute(self, tensor: torch.Tensor) -> torch.Tensor:
        self._need_content(tensor)
        turned = [self._back(tensor, k) for k in range(self.order)]
        if any(part.shape != turned[0].shape for part in turned):
            raise ShapeError(
                f"{type(self).__name__} turns images by elements that exchange their sides, but the shape is "
                f"{tuple(tensor.shape)}",
                hint="pad them to squares, or use GroupAverage",
            )
        back, forth = self._chosen(*self._scores(tensor, turned))
        output = self._run(_weighted(back, turned))
        if self._forth is None:
            return output
        return _weighted(forth, [self._forth(output, k) for k in range(self.order)])


def _weighted(weights: torch.Tensor, parts: list[torch.Tensor]) -> torch.Tensor:
    """The sum of parts by the weights of each sample."""
    shaped = weights.to(parts[0].dtype).view(-1, len(parts), *((parts[0].dim() - 1) * (1,)))
    total = shaped[:, 0] * parts[0]
    for k, part in enumerate(parts[1:], start=1):
        total = total + shaped[:, k] * part
    return total


class FrameAverage(PosedNet):
    """A plain network made equivariant by frames: it sees each input in the poses of the least energy.

    f(x) = mean over g in F(x) of rho_out(g) f(rho_in(g)^-1 x), where F(x) are the elements with the least energy of
    rho_in(g)^-1 x. Elements tie where x has a symmetry of its own, and then turn it back to the same input. So the network runs
    once for each sample. Outputs jump where another element becomes the least.

    Args:
        in_type: the fields of the input; for points and continuous groups see :class:`PointFrameAverage`.
        out_type: the fields of the output, on the same space; ``None`` for numbers that the group does not change.
        net: the network, from ``(batch, channels, *space)`` to such a tensor or to ``(batch, numbers)``.
        energy: a module from inputs to one number for each sample, which runs on all turned inputs and is not trained by the
            choice, such as the loss of a pre-trained network. By default minus the inner product with a fixed polynomial of
            the coordinates, which no symmetry leaves alone.

    Raises:
        FieldTypeError: if the group is not finite, or the types live on two spaces.
        ShapeError: when called, if elements exchange sides of different lengths.

    Example:
        >>> from intertwine import gspaces, nn
        >>> kind = nn.field_type(gspaces.flipRot2dOnR2(4), trivial=1)
        >>> model = nn.FrameAverage(kind, kind, torch.nn.Conv2d(1, 1, 3))
        >>> x = torch.randn(1, 1, 7, 7)
        >>> bool(torch.allclose(model(x).rot90(1, (2, 3)), model(x.rot90(1, (2, 3))), atol=1e-5))
        True

    References:
        Puny et al., "Frame averaging for invariant and equivariant network design", ICLR 2022.
    """

    def __init__(
        self,
        in_type: FieldType,
        out_type: FieldType | None,
        net: torch.nn.Module,
        energy: torch.nn.Module | None = None,
    ) -> None:
        super().__init__(in_type, out_type, net)
        self.energy = None if energy is None else self._need_module(energy, "energy")

    def _scores(self, tensor: torch.Tensor, turned: list[torch.Tensor]) -> tuple[torch.Tensor, torch.Tensor]:
        if self.energy is None:
            profile = _asymmetric(tensor)
            scores = torch.stack([(part.to(profile.dtype) * profile).flatten(1).sum(dim=1) for part in turned], dim=1)
            return scores, tensor.to(profile.dtype).abs().flatten(1).sum(dim=1)
        energies, samples = self.energy(torch.cat(turned)), tensor.shape[0]
        if energies.numel() != self.order * samples:
            raise ShapeError(
                f"the energy must be one number for each sample, but for {self.order * samples} samples its shape is "
                f"{tuple(energies.shape)}"
            )
        scores = -energies.reshape(self.order, samples).T
        return scores, scores.abs().amax(dim=1)

    def extra_repr(self) -> str:
        """The types."""
        return f"{self.in_type}, {self.out_type}"


def _asymmetric(tensor: torch.Tensor) -> torch.Tensor:
    """A function of channels and centred coordinates without symmetry, shape ``(channels, *space)``, at least single."""
    dtype = torch.promote_types(tensor.dtype, torch.float32)
    channels, sides = tensor.shape[1], tensor.shape[2:]
    values = 1 + 0.5 * torch.cos(1 + 1.618 * torch.arange(channels, dtype=dtype, device=tensor.device))
    values = values.view(-1, *(len(sides) * (1,)))
    for axis, side in enumerate(sides):
        places = (torch.arange(side, dtype=dtype, device=tensor.device) - (side - 1) / 2) * (2 / side)
        line = 1 + 0.618**axis * places + (0.31 - 0.17 * axis) * places**2 + (0.23 - 0.11 * axis) * places**3
        values = values * line.view(-1, *((len(sides) - 1 - axis) * (1,)))
    return values


class _Latest:
    """The last added loss, which belongs to one forward pass: copies and pickles of a module have none."""

    def __init__(self) -> None:
        self.value: torch.Tensor | None = None

    def __deepcopy__(self, memo: dict[int, object]) -> _Latest:
        return _Latest()

    def __reduce__(self) -> tuple[type[_Latest], tuple[()]]:
        return (_Latest, ())


class Canonicalised(PosedNet):
    """A plain network made equivariant by a learned pose: a small equivariant network chooses how each input is turned back.

    The scores s(x) are a regular field, averaged over space. With the element g of the greatest score, the output is
    rho_out(g) f(rho_in(g)^-1 x). In training the choice has the gradient of the softmax of the scores (straight-through); in
    evaluation its true one, zero. So the network runs once for each sample, and beside it the small one.

    A pre-trained network knows its inputs in their usual pose. With ``prior`` the loss ``prior`` times the mean of
    -log softmax(s)_e, e the identity, keeps them there; ``training.fit`` adds it by itself, other loops add ``added_loss()``.

    Args:
        in_type: the fields of the input.
        out_type: the fields of the output, on the same space; ``None`` for numbers that the group does not change.
        net: the network, from ``(batch, channels, *space)`` to such a tensor or to ``(batch, numbers)``.
        scores: an equivariant module from ``in_type`` to one regular field; by default three layers with four regular fields.
        prior: the weight of the prior.

    Raises:
        FieldTypeError: if the group is not finite, or the scores are no regular field.
        ShapeError: when called, if elements exchange sides of different lengths.

    Example:
        >>> from intertwine import gspaces, nn
        >>> grey = nn.field_type(gspaces.rot2dOnR2(4), trivial=1)
        >>> model = nn.Canonicalised(grey, grey, torch.nn.Conv2d(1, 1, 3), prior=0.1).eval()
        >>> x = torch.randn(1, 1, 7, 7)
        >>> bool(torch.allclose(model(x).rot90(1, (2, 3)), model(x.rot90(1, (2, 3))), atol=1e-5))
        True

    References:
        Kaba et al., "Equivariance with learned canonicalization functions", ICML 2023; Mondal et al., "Equivariant adaptation
        of large pretrained models", NeurIPS 2023.
    """

    derived: ClassVar[tuple[str, ...]] = ("_latest",)

    def __init__(
        self,
        in_type: FieldType,
        out_type: FieldType | None,
        net: torch.nn.Module,
        scores: EquivariantModule | None = None,
        prior: float = 0.0,
    ) -> None:
        super().__init__(in_type, out_type, net)
        self.prior = number(prior, "prior", least=0.0)
        regular = FieldType(in_type.gspace, [in_type.gspace.regular_repr])
        made = _small_network(in_type, regular) if scores is None else scores
        given = (getattr(made, "in_type", None), getattr(made, "out_type", None))
        if given != (in_type, regular):
            raise FieldTypeError(
                "Canonicalised needs scores from {in_type} to one regular field, but they go from {given} to {found}",
                hint="end the network of the scores with out={'regular': 1}, without pooling over the group",
                parts={"in_type": in_type, "given": given[0], "found": given[1]},
            )
        self.scores = made
        self._latest = _Latest()

    @property
    def arguments(self) -> dict[str, Any]:
        """Those of the constructor, with the network of the scores that was built."""
        return {**self._arguments, "scores": self.scores}

    def _scores(self, tensor: torch.Tensor, turned: list[torch.Tensor]) -> tuple[torch.Tensor, torch.Tensor]:
        found = call_part(self.scores, tensor)
        scores = found.flatten(2).mean(dim=2) if found.dim() > 2 else found
        scores = scores.to(torch.promote_types(scores.dtype, torch.float32))
        return scores, scores.abs().amax(dim=1)

    def _slope(self, scores: torch.Tensor) -> torch.Tensor:
        if not self.training:
            return super()._slope(scores)
        if self.prior:
            self._latest.value = -self.prior * scores.log_softmax(dim=1)[:, self._identity].mean()
        shares = scores.softmax(dim=1)
        return shares - shares.detach()

    @property
    def _identity(self) -> int:
        group = self.in_type.fibergroup
        return list(group.elements).index(group.identity)  # pyright: ignore[reportArgumentType, reportCallIssue]

    def added_loss(self) -> torch.Tensor | None:
        """The prior's part of the loss of the last forward pass in training; ``None`` without a prior. It is given once."""
        value, self._latest.value = self._latest.value, None
        return value

    def shape_problem(self, size: tuple[int, ...]) -> str | None:
        """Why the scores break exact equivariance on a grid of some size; ``None`` if they do not.

        Args:
            size: of the input along each axis of space.
        """
        return self.scores.shape_problem(size)

    def extra_repr(self) -> str:
        """The types and the prior."""
        return f"{self.in_type}, {self.out_type}" + (f", prior={self.prior}" if self.prior else "")


def _small_network(in_type: FieldType, out_type: FieldType) -> EquivariantModule:
    """Three layers to one regular field, which keep the size of the grid."""
    hidden = FieldType(in_type.gspace, 4 * (in_type.gspace.regular_repr,))
    conv: Any = {1: R1Conv, 2: R2Conv, 3: R3Conv}.get(in_type.gspace.dimensionality)

    def layer(start: FieldType, end: FieldType, kernel: int, bias: bool = True) -> EquivariantModule:
        return Linear(start, end, bias=bias) if conv is None else conv(start, end, kernel, kernel // 2, bias=bias)

    first, second = layer(in_type, hidden, 5), layer(hidden, hidden, 3)
    # A bias of the last would not change the choice.
    return SequentialModule(first, ELU(hidden), second, ELU(hidden), layer(hidden, out_type, 1, bias=False))
