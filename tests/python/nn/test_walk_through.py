"""The walk-through of the first issue, in Python."""

import torch

from intertwine import gspaces, nn


def test_from_the_space_to_an_invariant_number():
    torch.manual_seed(0)
    space = gspaces.rot2dOnR2(N=4)
    assert [str(r) for r in space.fibergroup.standard_representations().values()] == [
        "C4|[irrep_0]:1",
        "C4|[irrep_1]:2",
        "C4|[irrep_2]:1",
        "C4|[regular]:4",
    ]
    g = list(space.testing_elements)[1]
    assert str(g) == "1[2pi/4]"
    assert space.irrep(1)(g).tolist() == [[0, -1], [1, 0]]
    assert space.regular_repr(g).tolist() == [[0, 0, 0, 1], [1, 0, 0, 0], [0, 1, 0, 0], [0, 0, 1, 0]]

    one = nn.FieldType(space, [space.trivial_repr])
    three = nn.FieldType(space, 3 * [space.regular_repr])
    conv = nn.R2Conv(one, three, kernel_size=3)
    x = one(torch.randn(2, 1, 32, 32))
    assert conv(x).shape == (2, 12, 30, 30)
    for h in space.testing_elements:
        torch.testing.assert_close(conv(x.transform(h)).tensor, conv(x).transform(h).tensor, atol=1e-5, rtol=1e-5)

    four, last = nn.FieldType(space, 4 * [space.regular_repr]), nn.FieldType(space, [space.regular_repr])
    model = nn.SequentialModule(
        nn.R2Conv(one, four, kernel_size=3),
        nn.InnerBatchNorm(four),
        nn.ReLU(four),
        nn.R2Conv(four, four, kernel_size=3),
        nn.InnerBatchNorm(four),
        nn.ReLU(four),
        nn.R2Conv(four, last, kernel_size=3),
    ).eval()
    image = one(torch.randn(1, 1, 17, 17))
    y = model(image)
    assert y.shape == (1, 4, 11, 11)
    pooled = nn.PointwiseAvgPool2D(last, kernel_size=11)(y)
    assert pooled.shape == (1, 4, 1, 1)
    number = nn.GroupPooling(last)(pooled)
    assert number.shape == (1, 1, 1, 1)
    for h in space.testing_elements:
        turned = nn.GroupPooling(last)(nn.PointwiseAvgPool2D(last, kernel_size=11)(model(image.transform(h))))
        torch.testing.assert_close(turned.tensor, number.tensor, atol=1e-5, rtol=1e-5)


def test_symmetry_restricted_half_way_up():
    torch.manual_seed(0)
    space = gspaces.flipRot2dOnR2(N=4)
    one = nn.FieldType(space, [space.trivial_repr])
    wide = nn.FieldType(space, 2 * [space.regular_repr])
    restriction = nn.RestrictionModule(wide, (0, 1))
    split = nn.DisentangleModule(restriction.out_type)
    assert split.out_type.size == wide.size
    assert all(rho.size == 2 for rho in split.out_type.representations)
    above = split.out_type.gspace
    mirror_only = nn.FieldType(above, [above.regular_repr])
    model = nn.SequentialModule(
        nn.R2Conv(one, wide, kernel_size=3),
        nn.ReLU(wide),
        restriction,
        split,
        nn.R2Conv(split.out_type, mirror_only, kernel_size=3),
    ).double()
    x = torch.randn(1, 1, 9, 9, dtype=torch.float64)
    y = model(x)
    flipped = model(one.transform(x, space.fibergroup.element((1, 0))))
    torch.testing.assert_close(flipped, mirror_only.transform(y, above.fibergroup.element(1)), atol=1e-12, rtol=0)
    turned = model(one.transform(x, space.fibergroup.element((0, 1))))
    assert (turned - torch.rot90(y, 1, (-2, -1))).abs().max() > 1e-2
