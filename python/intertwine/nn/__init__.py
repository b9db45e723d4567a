"""Equivariant modules, and the types of their features."""

from __future__ import annotations

from typing import TYPE_CHECKING

from intertwine.fields import FieldType, GeometricTensor, field_type, tensor_directsum
from intertwine.nn import init
from intertwine.nn.attention.attention import Attention
from intertwine.nn.attention.block import transformer_block
from intertwine.nn.attention.grid import NeighbourAttention, WindowAttention
from intertwine.nn.attention.squeeze import SqueezeExcitation
from intertwine.nn.base.module import EquivariantModule
from intertwine.nn.base.sequential import SequentialModule
from intertwine.nn.base.spec import Spec
from intertwine.nn.conv.convolutions import (
    R1Conv,
    R1ConvTransposed,
    R2Conv,
    R2ConvTransposed,
    R3Conv,
    R3ConvTransposed,
)
from intertwine.nn.conv.diffop import R2Diffop, R3Diffop
from intertwine.nn.conv.frozen import freeze, frozen, is_frozen, thaw
from intertwine.nn.conv.graph import radius_graph
from intertwine.nn.conv.ico_conv import R3IcoConv, R3IcoConvTransposed
from intertwine.nn.conv.linear import Linear
from intertwine.nn.conv.point_conv import R1PointConv, R2PointConv, R3PointConv
from intertwine.nn.conv.separable import depthwise_conv, separable_conv
from intertwine.nn.conv.tensor_product import Bilinear, TensorProductModule
from intertwine.nn.heads.classes import HeadClasses
from intertwine.nn.heads.fields import HeadFields, HeadNumbers, HeadPoints
from intertwine.nn.inspect.equivariance import EquivarianceReport, check_equivariance
from intertwine.nn.inspect.exporting import export
from intertwine.nn.inspect.planning import ShapePlan, shape_plan
from intertwine.nn.inspect.summaries import ModelSummary, summary
from intertwine.nn.nonlinear.alias_free import AliasFree
from intertwine.nn.nonlinear.concatenated import ConcatenatedNonLinearity
from intertwine.nn.nonlinear.fourier import (
    FourierELU,
    FourierPointwise,
    QuotientFourierELU,
    QuotientFourierPointwise,
)
from intertwine.nn.nonlinear.fourier_max_pool import FourierMaxPool
from intertwine.nn.nonlinear.fourier_transform import FourierTransform
from intertwine.nn.nonlinear.gated import (
    GatedNonLinearity1,
    GatedNonLinearity2,
    GatedNonLinearityUniform,
    InducedGatedNonLinearity1,
)
from intertwine.nn.nonlinear.harmonic import HarmonicPolynomialR3
from intertwine.nn.nonlinear.norm_nonlinearity import InducedNormNonLinearity, NormNonLinearity
from intertwine.nn.nonlinear.pointwise import ELU, LeakyReLU, PointwiseNonLinearity, ReLU
from intertwine.nn.nonlinear.vector_field import VectorFieldNonLinearity
from intertwine.nn.norm.dropout import FieldDropout, PointwiseDropout
from intertwine.nn.norm.field_norm import FieldNorm
from intertwine.nn.norm.inner_batchnorm import InnerBatchNorm
from intertwine.nn.norm.invariant_batchnorm import (
    GNormBatchNorm,
    IIDBatchNorm1d,
    IIDBatchNorm2d,
    IIDBatchNorm3d,
    InducedNormBatchNorm,
    NormBatchNorm,
)
from intertwine.nn.norm.sample_norm import GroupNorm, InstanceNorm, LayerNorm, RMSNorm
from intertwine.nn.norm.synchronise import synchronise_batchnorm
from intertwine.nn.pool.adaptive_pooling import (
    PointwiseAdaptiveAvgPool,
    PointwiseAdaptiveAvgPool2D,
    PointwiseAdaptiveAvgPool3D,
    PointwiseAdaptiveMaxPool,
    PointwiseAdaptiveMaxPool2D,
    PointwiseAdaptiveMaxPool3D,
)
from intertwine.nn.pool.antialiased import (
    PointwiseAvgPoolAntialiased,
    PointwiseAvgPoolAntialiased2D,
    PointwiseAvgPoolAntialiased3D,
    PointwiseMaxPoolAntialiased,
    PointwiseMaxPoolAntialiased2D,
    PointwiseMaxPoolAntialiased3D,
)
from intertwine.nn.pool.invariant import GroupPooling, InducedNormPool, MaxPoolChannels, NormPool, SubgroupPooling
from intertwine.nn.pool.norm_max_pool import NormMaxPool
from intertwine.nn.pool.pooling import (
    PointwiseAvgPool,
    PointwiseAvgPool2D,
    PointwiseAvgPool3D,
    PointwiseMaxPool,
    PointwiseMaxPool2D,
    PointwiseMaxPool3D,
)
from intertwine.nn.pool.upsampling import R2Upsampling, R3Upsampling
from intertwine.nn.structure.borders import CropModule, PadModule
from intertwine.nn.structure.branching import BranchingModule, MergeModule, MultipleModule, ReshuffleModule
from intertwine.nn.structure.mask import MaskModule
from intertwine.nn.structure.restriction import DisentangleModule, IdentityModule, RestrictionModule
from intertwine.nn.structure.skip import ConcatModule, ResidualModule
from intertwine.nn.wrapped.average import GroupAverage
from intertwine.nn.wrapped.choice import Canonicalised, FrameAverage
from intertwine.nn.wrapped.planar_weights import lift_conv, project_conv
from intertwine.nn.wrapped.points import PointCanonicalised, PointFrameAverage
from intertwine.public import publish
from intertwine.suggestions import missing_name

__all__ = [
    "AliasFree",
    "Attention",
    "Bilinear",
    "BranchingModule",
    "Canonicalised",
    "ConcatModule",
    "ConcatenatedNonLinearity",
    "CropModule",
    "DisentangleModule",
    "ELU",
    "EquivarianceReport",
    "EquivariantModule",
    "FieldDropout",
    "FieldNorm",
    "FieldType",
    "FourierELU",
    "FourierMaxPool",
    "FourierPointwise",
    "FourierTransform",
    "FrameAverage",
    "GNormBatchNorm",
    "GatedNonLinearity1",
    "GatedNonLinearity2",
    "GatedNonLinearityUniform",
    "GeometricTensor",
    "GroupAverage",
    "GroupNorm",
    "GroupPooling",
    "HarmonicPolynomialR3",
    "HeadClasses",
    "HeadFields",
    "HeadNumbers",
    "HeadPoints",
    "IIDBatchNorm1d",
    "IIDBatchNorm2d",
    "IIDBatchNorm3d",
    "IdentityModule",
    "InducedGatedNonLinearity1",
    "InducedNormBatchNorm",
    "InducedNormNonLinearity",
    "InducedNormPool",
    "InnerBatchNorm",
    "InstanceNorm",
    "LayerNorm",
    "LeakyReLU",
    "Linear",
    "MaskModule",
    "MaxPoolChannels",
    "MergeModule",
    "ModelSummary",
    "MultipleModule",
    "NeighbourAttention",
    "NormBatchNorm",
    "NormMaxPool",
    "NormNonLinearity",
    "NormPool",
    "PadModule",
    "PointCanonicalised",
    "PointFrameAverage",
    "PointwiseAdaptiveAvgPool",
    "PointwiseAdaptiveAvgPool2D",
    "PointwiseAdaptiveAvgPool3D",
    "PointwiseAdaptiveMaxPool",
    "PointwiseAdaptiveMaxPool2D",
    "PointwiseAdaptiveMaxPool3D",
    "PointwiseAvgPool",
    "PointwiseAvgPool2D",
    "PointwiseAvgPool3D",
    "PointwiseAvgPoolAntialiased",
    "PointwiseAvgPoolAntialiased2D",
    "PointwiseAvgPoolAntialiased3D",
    "PointwiseDropout",
    "PointwiseMaxPool",
    "PointwiseMaxPool2D",
    "PointwiseMaxPool3D",
    "PointwiseMaxPoolAntialiased",
    "PointwiseMaxPoolAntialiased2D",
    "PointwiseMaxPoolAntialiased3D",
    "PointwiseNonLinearity",
    "QuotientFourierELU",
    "QuotientFourierPointwise",
    "R1Conv",
    "R1ConvTransposed",
    "R1PointConv",
    "R2Conv",
    "R2ConvTransposed",
    "R2Diffop",
    "R2PointConv",
    "R2Upsampling",
    "R3Conv",
    "R3ConvTransposed",
    "R3Diffop",
    "R3IcoConv",
    "R3IcoConvTransposed",
    "R3PointConv",
    "R3Upsampling",
    "RMSNorm",
    "ReLU",
    "ReshuffleModule",
    "ResidualModule",
    "RestrictionModule",
    "SequentialModule",
    "ShapePlan",
    "Spec",
    "SqueezeExcitation",
    "SubgroupPooling",
    "TensorProductModule",
    "VectorFieldNonLinearity",
    "WindowAttention",
    "check_equivariance",
    "depthwise_conv",
    "export",
    "field_type",
    "freeze",
    "frozen",
    "init",
    "is_frozen",
    "lift_conv",
    "project_conv",
    "radius_graph",
    "separable_conv",
    "shape_plan",
    "summary",
    "synchronise_batchnorm",
    "tensor_directsum",
    "thaw",
    "transformer_block",
]

publish(__name__, __all__, globals())

if not TYPE_CHECKING:

    def __getattr__(name: str) -> object:
        raise missing_name(__name__, name, __all__)
