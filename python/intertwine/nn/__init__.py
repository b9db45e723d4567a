"""Equivariant modules, and the types of their features."""

from __future__ import annotations

from typing import TYPE_CHECKING

from intertwine.fields import FieldType, GeometricTensor, field_type, tensor_directsum
from intertwine.nn import init
from intertwine.nn.adaptive_pooling import (
    PointwiseAdaptiveAvgPool,
    PointwiseAdaptiveAvgPool2D,
    PointwiseAdaptiveAvgPool3D,
    PointwiseAdaptiveMaxPool,
    PointwiseAdaptiveMaxPool2D,
    PointwiseAdaptiveMaxPool3D,
)
from intertwine.nn.alias_free import AliasFree
from intertwine.nn.batchnorm import InnerBatchNorm
from intertwine.nn.concatenated import ConcatenatedNonLinearity
from intertwine.nn.conv import R2Conv, R2ConvTransposed
from intertwine.nn.dropout import FieldDropout, PointwiseDropout
from intertwine.nn.equivariance import EquivarianceReport, check_equivariance
from intertwine.nn.exporting import export
from intertwine.nn.field_norm import FieldNorm
from intertwine.nn.fourier import (
    FourierELU,
    FourierPointwise,
    FourierTransform,
    QuotientFourierELU,
    QuotientFourierPointwise,
)
from intertwine.nn.gated import (
    GatedNonLinearity1,
    GatedNonLinearity2,
    GatedNonLinearityUniform,
    InducedGatedNonLinearity1,
)
from intertwine.nn.graph import radius_graph
from intertwine.nn.harmonic import HarmonicPolynomialR3
from intertwine.nn.head import HeadClasses
from intertwine.nn.ico_conv import R3IcoConv, R3IcoConvTransposed
from intertwine.nn.invariant import GroupPooling, InducedNormPool, MaxPoolChannels, NormPool
from intertwine.nn.line_conv import R1Conv, R1ConvTransposed
from intertwine.nn.linear import Linear
from intertwine.nn.mask import MaskModule
from intertwine.nn.module import EquivariantModule
from intertwine.nn.norm_max_pool import NormMaxPool
from intertwine.nn.norm_nonlinearity import InducedNormNonLinearity, NormNonLinearity
from intertwine.nn.normalisation import (
    GNormBatchNorm,
    IIDBatchNorm1d,
    IIDBatchNorm2d,
    IIDBatchNorm3d,
    InducedNormBatchNorm,
    NormBatchNorm,
)
from intertwine.nn.planning import ShapePlan, shape_plan
from intertwine.nn.points import R1PointConv, R2PointConv, R3PointConv
from intertwine.nn.pointwise import ELU, LeakyReLU, PointwiseNonLinearity, ReLU
from intertwine.nn.pooling import (
    PointwiseAvgPool,
    PointwiseAvgPool2D,
    PointwiseAvgPool3D,
    PointwiseAvgPoolAntialiased,
    PointwiseAvgPoolAntialiased2D,
    PointwiseAvgPoolAntialiased3D,
    PointwiseMaxPool,
    PointwiseMaxPool2D,
    PointwiseMaxPool3D,
    PointwiseMaxPoolAntialiased,
    PointwiseMaxPoolAntialiased2D,
    PointwiseMaxPoolAntialiased3D,
)
from intertwine.nn.restriction import DisentangleModule, IdentityModule, RestrictionModule
from intertwine.nn.separable import depthwise_conv, separable_conv
from intertwine.nn.sequential import SequentialModule
from intertwine.nn.spec import Spec
from intertwine.nn.structure import BranchingModule, MergeModule, MultipleModule, ReshuffleModule
from intertwine.nn.summaries import ModelSummary, summary
from intertwine.nn.synchronise import synchronise_batchnorm
from intertwine.nn.tensor_product import TensorProductModule
from intertwine.nn.upsampling import R2Upsampling, R3Upsampling
from intertwine.nn.vector_field import VectorFieldNonLinearity
from intertwine.nn.volume_conv import R3Conv, R3ConvTransposed
from intertwine.suggestions import missing_name

__all__ = [
    "AliasFree",
    "BranchingModule",
    "ConcatenatedNonLinearity",
    "DisentangleModule",
    "ELU",
    "EquivarianceReport",
    "EquivariantModule",
    "FieldDropout",
    "FieldNorm",
    "FieldType",
    "FourierELU",
    "FourierPointwise",
    "FourierTransform",
    "GNormBatchNorm",
    "GatedNonLinearity1",
    "GatedNonLinearity2",
    "GatedNonLinearityUniform",
    "GeometricTensor",
    "GroupPooling",
    "HarmonicPolynomialR3",
    "HeadClasses",
    "IIDBatchNorm1d",
    "IIDBatchNorm2d",
    "IIDBatchNorm3d",
    "IdentityModule",
    "InducedGatedNonLinearity1",
    "InducedNormBatchNorm",
    "InducedNormNonLinearity",
    "InducedNormPool",
    "InnerBatchNorm",
    "LeakyReLU",
    "Linear",
    "MaskModule",
    "MaxPoolChannels",
    "MergeModule",
    "ModelSummary",
    "MultipleModule",
    "NormBatchNorm",
    "NormMaxPool",
    "NormNonLinearity",
    "NormPool",
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
    "R2PointConv",
    "R2Upsampling",
    "R3Conv",
    "R3ConvTransposed",
    "R3IcoConv",
    "R3IcoConvTransposed",
    "R3PointConv",
    "R3Upsampling",
    "ReLU",
    "ReshuffleModule",
    "RestrictionModule",
    "SequentialModule",
    "ShapePlan",
    "Spec",
    "TensorProductModule",
    "VectorFieldNonLinearity",
    "check_equivariance",
    "depthwise_conv",
    "export",
    "field_type",
    "init",
    "radius_graph",
    "separable_conv",
    "shape_plan",
    "summary",
    "synchronise_batchnorm",
    "tensor_directsum",
]

if not TYPE_CHECKING:

    def __getattr__(name: str) -> object:
        raise missing_name(__name__, name, __all__)
