"""A plain network averaged over a finite group."""

from __future__ import annotations

import torch

from intertwine.checks import whole_at_least
from intertwine.errors import ArgumentError, ShapeError
from intertwine.fields import FieldType
from intertwine.kernels.torch_modes import is_traced
from intertwine.nn.wrapped.turning import FiniteWrappedNet


class GroupAverage(FiniteWrappedNet):
    """A plain network, averaged over a finite group, which makes it equivariant whatever it is.

    f_G(x) = 1/|G| sum_g rho_out(g) f(rho_in(g)^-1 x), where g moves pixels as well. It takes as long as |G| runs of the
    network. Elements that carry the grid to itself are exact; other elements interpolate.

    Args:
        in_type: the fields of the input.
        out_type: the fields of the output, on the same space: on pixels, or one set of fields for each sample. ``None`` for
            numbers that the group does not change, such as scores of classes.
        net: the network, from ``(batch, channels, *space)`` to such a tensor or to ``(batch, numbers)``.
        samples: the number of elements, drawn anew at each call, over which the average is taken in training: its gradient is
            that of the whole average in the mean. In evaluation, and where torch traces the module, all elements take part.

    Raises:
        FieldTypeError: if the group is not finite, or the types live on two spaces.
        ArgumentError: for more samples than elements.

    Example:
        >>> from intertwine import gspaces, nn
        >>> grey = nn.field_type(gspaces.rot2dOnR2(4), trivial=1)
        >>> net = torch.nn.Sequential(torch.nn.Conv2d(1, 2, 3), torch.nn.ReLU(), torch.nn.Flatten(), torch.nn.Linear(50, 3))
        >>> model = nn.GroupAverage(grey, None, net)
        >>> x = torch.randn(1, 1, 7, 7)
        >>> bool(torch.allclose(model(x), model(x.rot90(1, (2, 3))), atol=1e-5))
        True

    References:
        Yarotsky, "Universal approximations of invariant maps by neural networks", 2018.
    """

    def __init__(
        self, in_type: FieldType, out_type: FieldType | None, net: torch.nn.Module, samples: int | None = None
    ) -> None:
        super().__init__(in_type, out_type, net)
        self.samples = None if samples is None else whole_at_least(samples, "samples")
        if self.samples is not None and self.samples > self.order:
            raise ArgumentError(f"samples is {self.samples}, but {in_type.fibergroup} has {self.order} elements")

    def _compute(self, tensor: torch.Tensor) -> torch.Tensor:
        self._need_content(tensor)
        positions = list(range(self.order))
        if self.samples is not None and self.training and not is_traced():
            positions = torch.randperm(self.order)[: self.samples].tolist()
        turned = [self._back(tensor, k) for k in positions]
        # One batch keeps a device busy, and gives a normalisation in training the statistics of all; a CPU is up to twice as fast
        # on small batches, which stay in its cache.
        together = self.training or tensor.device.type != "cpu" or is_traced()
        if together and all(part.shape == turned[0].shape for part in turned):
            outputs = self._run(torch.cat(turned)).unflatten(0, (len(positions), tensor.shape[0])).unbind()
        else:  # also where a quarter turn exchanges the sides of a rectangle
            outputs = [self._run(part) for part in turned]
        total = self._forward_turned(outputs[0], positions[0])
        for output, position in zip(outputs[1:], positions[1:], strict=True):
            part = self._forward_turned(output, position)
            if part.shape != total.shape:
                raise ShapeError(
                    f"the network in GroupAverage gives shapes {tuple(total.shape)} and {tuple(part.shape)} for turned inputs",
                    hint="give squares, the out_type that the network has, or a network that ends in numbers of the whole",
                )
            total = total + part
        return total / len(positions)

    def extra_repr(self) -> str:
        """The types."""
        return f"{self.in_type}, {self.out_type}" + ("" if self.samples is None else f", samples={self.samples}")
