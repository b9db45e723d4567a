"""Energies and forces of sets of points: sums, gradients, and training that starts where least squares end."""

import pytest
import torch

from intertwine import gspaces, nn, training
from intertwine.errors import ArgumentError, FieldTypeError, ShapeError

SPACE = gspaces.flipRot3dOnR3(maximum_frequency=1)
KIND = nn.field_type(SPACE, trivial=1)
RINGS = {"width": 3.0, "n_rings": 6, "radial": "bessel", "aggr": "sum"}


def morse(place):
    distance = torch.pdist(place)
    return ((1 - torch.exp(-2 * (distance - 1))) ** 2 - 1).sum()


def clusters(count, seed):
    """Morse clusters of 3 to 7 atoms: places, energies and forces."""
    generator = torch.Generator().manual_seed(seed)
    places, energies, forces = [], [], []
    while len(places) < count:
        size = int(torch.randint(3, 8, (), generator=generator))
        place = torch.randn(size, 3, generator=generator) * 0.8 * size ** (1 / 3)
        if torch.pdist(place).min() < 0.75:
            continue
        place.requires_grad_()
        energy = morse(place)
        forces.append(-torch.autograd.grad(energy, place)[0])
        places.append(place.detach())
        energies.append(energy.detach())
    return places, torch.stack(energies), torch.cat(forces)


def sets_of(places):
    return training.PointSets.of(KIND, [torch.ones(len(place), 1) for place in places], places, radius=3.0)


def network(seed=0):
    torch.manual_seed(seed)
    hidden = nn.R3PointConv.spec(out={"trivial": 8}, frequencies_cutoff=0.3, **RINGS)
    last = nn.R3PointConv.spec(out={"trivial": 1}, frequencies_cutoff=0.3, **RINGS)
    return nn.SequentialModule(KIND, hidden, nn.ELU.spec(), last)


def test_parts_of_sets_are_the_sets():
    places = clusters(5, 0)[0]
    sets, model = sets_of(places), network()
    energies, forces = training.forces(model, sets)
    for k, place in enumerate(places):
        alone, own = training.forces(model, sets_of([place]))
        torch.testing.assert_close(alone[0], energies[k], atol=1e-3, rtol=1e-5)
        torch.testing.assert_close(own, forces[sets.members == k], atol=1e-3, rtol=1e-4)
    part = sets.part([1, 3])
    assert len(part) == 2
    assert part.sizes.tolist() == sets.sizes[[1, 3]].tolist()
    torch.testing.assert_close(training.forces(model, part)[0], energies[[1, 3]], atol=1e-3, rtol=1e-5)


def test_forces_are_minus_the_gradient_and_turn():
    places = [place.double() for place in clusters(2, 1)[0]]
    model = network().double()
    sets = sets_of(places).to(torch.float64)
    energies, forces = training.forces(model, sets)
    step = torch.zeros_like(sets.x.coords)
    step[1, 2] = 1e-5
    above, below = (training.forces(model, sets.at(sets.x.coords + sign * step))[0].sum() for sign in (1, -1))
    torch.testing.assert_close((below - above) / 2e-5, forces[1, 2], atol=1e-5, rtol=1e-6)
    g = list(SPACE.fibergroup.testing_elements())[5]
    turn = torch.tensor(SPACE.basespace_action(g))
    turned, moved = training.forces(model, sets.at(sets.x.coords @ turn.T))
    torch.testing.assert_close(turned, energies)
    torch.testing.assert_close(moved, forces @ turn.T)


@pytest.mark.parametrize("with_forces", [False, True])
def test_training_starts_with_the_error_of_least_squares_and_ends_below(with_forces):
    places, energies, forces = clusters(60, 2)
    sets = sets_of(places)
    given = forces if with_forces else None
    settings = {"epochs": 8, "batch_size": 20, "learn_rate": 0.005}
    fitted = training.fit_energies(network(), sets, 40 * energies, None if given is None else 40 * given, **settings)
    # Least squares on the same invariants, by hand: atoms, and sums of each ring over pairs.
    conv = network()[0]
    edges = sets.edges
    rings = conv._functions(sets.x.coords[edges[0]] - sets.x.coords[edges[1]])[:, : len(conv.scalars.rings)].double()
    sums = torch.zeros(len(sets), rings.shape[1], dtype=torch.float64).index_add(0, sets.members[edges[1]], rings)
    table = torch.cat([sums, sets.sizes[:, None].double()], dim=1)
    goal = 40 * energies.double()
    best = (table @ torch.linalg.lstsq(table, goal[:, None]).solution)[:, 0] - goal
    if not with_forces:
        assert fitted.start**0.5 < 1.4 * float(best.square().mean().sqrt())
    assert fitted.history[-1]["loss"] < fitted.start
    plain = training.fit_energies(network(), sets, 40 * energies, given, start="as_given", **settings)
    assert plain.start > 100 * fitted.start
    assert isinstance(fitted.module, nn.ResidualModule)
    found, _ = training.forces(fitted.module, sets)
    assert float((found - 40 * energies).square().mean().sqrt()) < 0.2 * 40 * float(energies.std())


def test_callbacks_stop_and_seeds_govern():
    places, energies, _ = clusters(8, 3)
    sets = sets_of(places)
    rows = []

    def stop(row):
        rows.append(row)
        return len(rows) < 3

    fitted = training.fit_energies(network(), sets, energies, epochs=9, on_epoch=stop)
    assert (fitted.stopped, len(fitted.history)) == ("callback", 3)
    again = [training.fit_energies(network(), sets, energies, epochs=2, batch_size=3, seed=5).history for _ in range(2)]
    assert again[0] == again[1]


def test_what_cannot_be_trained_is_refused():
    places, energies, forces = clusters(3, 4)
    sets, model = sets_of(places), network()
    vectors = nn.R3PointConv(KIND, nn.field_type(SPACE, vector=1), **RINGS)
    with pytest.raises(FieldTypeError, match="trivial field for each"):
        training.fit_energies(vectors, sets, energies)
    with pytest.raises(FieldTypeError, match="trivial fields"):
        training.forces(vectors, sets)
    with pytest.raises(ShapeError, match="sets, but"):
        training.fit_energies(model, sets, energies[:2])
    with pytest.raises(ShapeError, match="one energy"):
        training.fit_energies(model, sets, energies, forces[:-1])
    with pytest.raises(ArgumentError, match="finite"):
        training.fit_energies(model, sets, energies * float("nan"))
    with pytest.raises(ArgumentError, match="positive"):
        training.fit_energies(model, sets, energies, learn_rate=0.0)
    with pytest.raises(ShapeError, match="features"):
        training.PointSets.of(KIND, [torch.ones(2, 1)], places[:1], radius=2.0)
