"""Equivariant modules, and the types of their features."""

from __future__ import annotations

from intertwine.fields import FieldType, GeometricTensor, field_type, tensor_directsum
from intertwine.nn import init
from intertwine.nn.batchnorm import InnerBatchNorm
from intertwine.nn.conv import R2Conv, R2ConvTransposed
from intertwine.nn.equivariance import EquivarianceReport, check_equivariance
from intertwine.nn.head import HeadClasses
from intertwine.nn.invariant import GroupPooling
from intertwine.nn.linear import Linear
from intertwine.nn.module import EquivariantModule
from intertwine.nn.planning import ShapePlan, shape_plan
from intertwine.nn.pointwise import ELU, LeakyReLU, PointwiseNonLinearity, ReLU
from intertwine.nn.pooling import PointwiseAvgPool2D, PointwiseAvgPoolAntialiased2D, PointwiseMaxPool2D
from intertwine.nn.restriction import DisentangleModule, IdentityModule, RestrictionModule
from intertwine.nn.sequential import SequentialModule
from intertwine.nn.spec import Spec

PointwiseAvgPool = PointwiseAvgPool2D
PointwiseMaxPool = PointwiseMaxPool2D
PointwiseAvgPoolAntialiased = PointwiseAvgPoolAntialiased2D

__all__ = [
    "ELU",
    "DisentangleModule",
    "EquivarianceReport",
    "EquivariantModule",
    "FieldType",
    "GeometricTensor",
    "GroupPooling",
    "HeadClasses",
    "IdentityModule",
    "InnerBatchNorm",
    "LeakyReLU",
    "Linear",
    "PointwiseAvgPool",
    "PointwiseAvgPool2D",
    "PointwiseAvgPoolAntialiased",
    "PointwiseAvgPoolAntialiased2D",
    "PointwiseMaxPool",
    "PointwiseMaxPool2D",
    "PointwiseNonLinearity",
    "R2Conv",
    "R2ConvTransposed",
    "ReLU",
    "RestrictionModule",
    "SequentialModule",
    "ShapePlan",
    "Spec",
    "check_equivariance",
    "field_type",
    "init",
    "shape_plan",
    "tensor_directsum",
]
