"""Posterior, marginal likelihood and their gradients against the textbook's formulas and finite differences."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from scipy.optimize import approx_fprime
from scipy.stats import invgamma, multivariate_t, norm

from optimist.numerics import marginal_likelihood
from optimist.numerics.gaussian_process import Factor, GaussianProcess, Kernel, squared_distances
from optimist.numerics.marginal_likelihood import MarginalLikelihood, Priors, fit_kernel
from optimist.numerics.shear import Shear
from optimist.numerics.warp import Warp

N, F = 25, 4
RNG = np.random.default_rng(3)
X = RNG.random((N, F))
Y = np.sin(5 * X[:, 0]) + X[:, 1] ** 2 + 0.1 * RNG.normal(size=N)
Y = (Y - Y.mean()) / Y.std()
KERNEL = Kernel(np.array([0.4, 0.8, 2.0, 2.0]), signal=1.7, noise=0.02, mean_variance=0.6)
GROUPS = np.array([0, 1, 2, 2])
WARP = Warp(np.array([0, 2]), np.log([0.6, 2.0]), np.log([1.5, 0.4]))
BENT = replace(KERNEL, warp=WARP)
SHEAR = Shear(np.array([0, 1, 2]), np.array([0.6, -0.4, 0.3]))
MIXED = replace(BENT, shear=SHEAR)


def covariance(x: Any, other: Any) -> Any:
    """Point by point, as written in Rasmussen and Williams, eq. 4.17, plus the constant's variance; nothing is bent."""
    table = np.empty((len(x), len(other)))
    for i, a in enumerate(x):
        for j, b in enumerate(other):
            r = math.sqrt(5.0 * sum(((p - q) / ell) ** 2 for p, q, ell in zip(a, b, KERNEL.scales, strict=True)))
            table[i, j] = KERNEL.signal * ((1 + r + r * r / 3) * math.exp(-r) + KERNEL.mean_variance)
    return table


def gaussian_process(kernel: Kernel = KERNEL) -> GaussianProcess:
    return GaussianProcess(Factor(X, kernel), Y)


def test_posterior(rng: np.random.Generator) -> None:
    points = rng.random((7, F))
    k = covariance(points, X)
    inverse = np.linalg.inv(covariance(X, X) + KERNEL.noise_variance * np.eye(N))
    mean, variance = gaussian_process().posterior(points)
    expected = covariance(points, points) - k @ inverse @ k.T
    np.testing.assert_allclose(mean, k @ inverse @ Y, rtol=1e-9)
    np.testing.assert_allclose(variance, np.diag(expected), rtol=1e-8)
    np.testing.assert_allclose(gaussian_process().covariance(points), expected, rtol=1e-7, atol=1e-10)


def test_what_is_fitted_is_the_mean_at_the_inputs() -> None:
    gp = gaussian_process(MIXED)
    np.testing.assert_allclose(gp.fitted, gp.mean(X), rtol=1e-9)
    np.testing.assert_array_equal(gp.mean(X), gp.posterior(X)[0])


def test_many_points_are_looked_at_as_few_are(rng: np.random.Generator) -> None:
    gp, points = gaussian_process(MIXED), rng.random((250, F))
    one_by_one = np.concatenate([gp.posterior(point[None]) for point in points], axis=1)
    np.testing.assert_allclose(gp.posterior(points), one_by_one, rtol=1e-8)


def test_a_bent_process_is_a_straight_one_of_bent_points(rng: np.random.Generator) -> None:
    points = rng.random((7, F))
    straight = GaussianProcess(Factor(WARP.bent(X), KERNEL), Y)
    gp = gaussian_process(BENT)
    np.testing.assert_allclose(gp.posterior(points), straight.posterior(WARP.bent(points)), rtol=1e-9)
    np.testing.assert_allclose(gp.covariance(points), straight.covariance(WARP.bent(points)), rtol=1e-7, atol=1e-12)
    grown = GaussianProcess(Factor(X[:10], BENT), Y[:10]).extended(X[10:], Y[10:])
    np.testing.assert_allclose(grown.alpha, gp.alpha, atol=1e-9)


def test_a_mixed_process_is_a_plain_one_of_mixed_points(rng: np.random.Generator) -> None:
    def mixed(x: Any) -> Any:
        return SHEAR.mixed(x / KERNEL.scales) * KERNEL.scales

    points = rng.random((7, F))
    plain = GaussianProcess(Factor(mixed(X), KERNEL), Y)
    gp = gaussian_process(replace(KERNEL, shear=SHEAR))
    np.testing.assert_allclose(gp.posterior(points), plain.posterior(mixed(points)), rtol=1e-9)
    grown = GaussianProcess(Factor(X[:10], MIXED), Y[:10]).extended(X[10:], Y[10:])
    np.testing.assert_allclose(grown.alpha, gaussian_process(MIXED).alpha, atol=1e-9)


@pytest.mark.parametrize("kernel", [KERNEL, BENT, MIXED])
def test_gradients_of_the_posterior(kernel: Kernel, rng: np.random.Generator) -> None:
    gp, points = gaussian_process(kernel), rng.random((5, F))
    steps = 1e-6 * np.eye(F)
    mean, variance, mean_slopes, variance_slopes = gp.posterior_gradients(points)
    np.testing.assert_allclose(np.array([mean, variance]), np.array(gp.posterior(points)), rtol=1e-9)
    for i, point in enumerate(points):
        for k, slopes in enumerate((mean_slopes, variance_slopes)):
            # Central differences: next to the end of a bent range, a slope changes too fast for one-sided ones.
            numeric = (gp.posterior(point + steps)[k] - gp.posterior(point - steps)[k]) / 2e-6
            np.testing.assert_allclose(slopes[i], numeric, atol=1e-6)


@pytest.mark.parametrize("kernel", [KERNEL, BENT, MIXED])
def test_at_known_points_and_at_the_ends_of_ranges_gradients_are_finite(kernel: Kernel) -> None:
    for points in (X, np.eye(F), 1.0 - np.eye(F)):
        assert all(np.all(np.isfinite(part)) for part in gaussian_process(kernel).posterior_gradients(points))


def test_extending_is_the_same_as_starting_anew() -> None:
    grown = GaussianProcess(Factor(X[:10], KERNEL), Y[:10]).extended(X[10:15], Y[10:15]).extended(X[15:], Y[15:])
    np.testing.assert_allclose(grown.factor.whitening, gaussian_process().factor.whitening, atol=1e-9)
    np.testing.assert_allclose(grown.alpha, gaussian_process().alpha, atol=1e-9)


def test_believing_keeps_means_and_lowers_variances(rng: np.random.Generator) -> None:
    gp, pending, points = gaussian_process(), rng.random((3, F)), rng.random((20, F))
    believing = gp.believing(pending)
    np.testing.assert_allclose(believing.posterior(points)[0], gp.posterior(points)[0], atol=1e-8)
    assert np.all(believing.posterior(points)[1] < gp.posterior(points)[1])
    assert np.all(believing.posterior(pending)[1] < KERNEL.noise_variance)
    assert gp.believing(pending[:0]).factor is gp.factor


def test_equal_inputs_without_noise_do_no_harm() -> None:
    kernel = Kernel(np.ones(F), signal=1.0, noise=0.0)
    gp = GaussianProcess(Factor(np.repeat(X[:5], 4, axis=0), kernel), np.repeat(Y[:5], 4))
    np.testing.assert_allclose(gp.posterior(X[:5])[0], Y[:5], atol=1e-4)


def test_marginal_likelihood_is_that_of_a_multivariate_t() -> None:
    """With s² ~ IG(a, b) integrated out, y is distributed as t with 2a degrees of freedom and shape b/a R."""
    priors = Priors(signal=(2.0, 1.3), mean_variance=KERNEL.mean_variance)
    theta = np.log([0.4, 0.8, 2.0, 0.02])
    loss, _ = MarginalLikelihood(X, Y, GROUPS, priors).loss(theta)
    correlation = covariance(X, X) / KERNEL.signal + KERNEL.noise * np.eye(N)
    log_t = multivariate_t(np.zeros(N), 1.3 / 2.0 * correlation, df=4).logpdf(Y)
    log_prior = norm(priors.log_scale(3), priors.spread(3)).logpdf(theta[:3]).sum()
    log_prior += norm(math.log(priors.noise), priors.noise_spread).logpdf(theta[3])
    other = np.log([0.3, 1.1, 1.0, 0.005])  # the loss leaves constants out, so that differences count
    correlation = Factor(X, Kernel(np.exp(other[:3])[GROUPS], 1.0, 0.005, KERNEL.mean_variance)).whitening
    correlation = np.linalg.inv(correlation.T @ correlation)
    other_log_t = multivariate_t(np.zeros(N), 1.3 / 2.0 * correlation, df=4).logpdf(Y)
    other_log_prior = norm(priors.log_scale(3), priors.spread(3)).logpdf(other[:3]).sum()
    other_log_prior += norm(math.log(priors.noise), priors.noise_spread).logpdf(other[3])
    other_loss, _ = MarginalLikelihood(X, Y, GROUPS, priors).loss(other)
    assert loss - other_loss == pytest.approx(other_log_t + other_log_prior - log_t - log_prior, rel=1e-6)


def test_variance_follows_from_the_data_and_its_prior() -> None:
    priors = Priors(signal=(2.0, 1.3))
    likelihood = MarginalLikelihood(X, Y, GROUPS, priors)
    kernel = likelihood.kernel(likelihood.start())
    quadratic = Y @ GaussianProcess(Factor(X, kernel), Y).alpha
    posterior = invgamma(2.0 + N / 2, scale=1.3 + quadratic / 2)
    assert kernel.signal == pytest.approx(posterior.mean() * (1.0 + N / 2) / (2.0 + N / 2), rel=1e-9)


def test_gradient_of_the_marginal_likelihood() -> None:
    likelihood = MarginalLikelihood(X, Y, GROUPS, Priors())
    for theta in (np.log([0.4, 0.8, 2.0, 0.02]), np.log([3.0, 0.1, 1.0, 1e-4])):
        numeric = approx_fprime(theta, lambda t: likelihood.loss(t)[0], 1e-7)
        np.testing.assert_allclose(likelihood.loss(theta)[1], numeric, rtol=1e-4, atol=1e-4)


def test_loss_and_gradient_of_many_inputs(rng: np.random.Generator) -> None:
    x = rng.random((150, F))
    y = np.sin(5 * x[:, 0]) + 0.1 * rng.normal(size=150)
    likelihood = MarginalLikelihood(x, y, GROUPS, Priors(), np.array([0, 2]), np.array([0, 1, 2]))
    theta = likelihood.start() + 0.1
    kernel = replace(likelihood.kernel(theta), signal=1.0)
    u = kernel.scaled(x)
    r = kernel.correlation(u, u) + kernel.noise * np.eye(150)
    a, b = Priors().signal
    by_definition = 0.5 * np.linalg.slogdet(r)[1] + (a + 75) * math.log(b + 0.5 * y @ np.linalg.solve(r, y))
    medians, spreads = likelihood._prior
    by_definition += 0.5 * float((((theta - medians) / spreads) ** 2).sum())
    loss, gradient = likelihood.loss(theta)
    assert loss == pytest.approx(by_definition, rel=1e-10)
    numeric = approx_fprime(theta, lambda t: likelihood.loss(t)[0], 1e-6)
    np.testing.assert_allclose(gradient, numeric, rtol=1e-4, atol=1e-3)


def test_gradient_of_the_marginal_likelihood_of_a_bent_process() -> None:
    likelihood = MarginalLikelihood(X, Y, GROUPS, Priors(), WARP.columns)
    theta = np.concatenate([np.log([0.4, 0.8, 2.0, 0.02]), WARP.log_a, WARP.log_b])
    numeric = approx_fprime(theta, lambda t: likelihood.loss(t)[0], 1e-7)
    np.testing.assert_allclose(likelihood.loss(theta)[1], numeric, rtol=1e-4, atol=1e-4)
    spread = Priors().warp_spread
    prior = 0.5 * sum(float(part @ part) / spread**2 for part in (WARP.log_a, WARP.log_b))
    straight = MarginalLikelihood(WARP.bent(X), Y, GROUPS, Priors())
    assert likelihood.loss(theta)[0] == pytest.approx(straight.loss(theta[:4])[0] + prior, rel=1e-9)


def test_gradient_of_the_marginal_likelihood_of_a_mixed_process() -> None:
    likelihood = MarginalLikelihood(X, Y, GROUPS, Priors(), WARP.columns, SHEAR.columns)
    theta = np.concatenate([np.log([0.4, 0.8, 2.0, 0.02]), WARP.log_a, WARP.log_b, SHEAR.entries])
    numeric = approx_fprime(theta, lambda t: likelihood.loss(t)[0], 1e-7)
    np.testing.assert_allclose(likelihood.loss(theta)[1], numeric, rtol=1e-4, atol=1e-4)
    bent = MarginalLikelihood(X, Y, GROUPS, Priors(), WARP.columns)
    unmixed = np.concatenate([theta[:8], np.zeros(3)])
    assert likelihood.loss(unmixed)[0] == pytest.approx(bent.loss(theta[:8])[0], rel=1e-9)


def _shaped(f: Any, n: int, d: int, rng: np.random.Generator, **columns: Any) -> tuple[Kernel, float]:
    """The kernel of n points in d dimensions whose ``bent`` or ``mixed`` columns may be shaped, and what that is worth.

    The latter is the logarithm of the mean square of errors at 300 other points, less that of a kernel without.
    """
    x, test = rng.random((n, d)), rng.random((300, d))
    mean, std = f(x).mean(), f(x).std()
    y, truth = (f(x) - mean) / std, (f(test) - mean) / std
    kernels = fit_kernel(x, y, **columns), fit_kernel(x, y)
    shaped, plain = (GaussianProcess(Factor(x, kernel), y).posterior(test)[0] - truth for kernel in kernels)
    return kernels[0], math.log(np.mean(shaped**2) / np.mean(plain**2))


def test_a_valley_askew_to_the_axes_is_found() -> None:
    log_ratios = []
    for seed in range(8):
        rng = np.random.default_rng(seed)
        turn = np.linalg.qr(rng.normal(size=(3, 3)))[0]

        def f(x: Any, turn: Any = turn) -> Any:
            return np.linalg.norm((x - 0.5) @ turn * [1.0, 3.0, 9.0], axis=1)

        kernel, log_ratio = _shaped(f, 40, 3, rng, mixed=np.arange(3))
        log_ratios.append(log_ratio)
        assert kernel.shear is not None
    assert np.mean(log_ratios) < math.log(0.5)


def test_what_lies_along_the_axes_is_seldom_mixed() -> None:
    n_mixed = 0
    for seed in range(12):
        x, y = _draw_along_the_axes(seed)
        n_mixed += fit_kernel(x, y, mixed=np.arange(3)).shear is not None
    assert n_mixed <= 3


def test_what_happens_in_a_corner_is_stretched() -> None:
    def f(x: Any) -> Any:
        return np.sin(1.5 * np.log(0.03 + x[:, 0])) + x[:, 1]

    log_ratios = []
    for seed in range(4):
        kernel, log_ratio = _shaped(f, 60, 2, np.random.default_rng(seed), bent=np.arange(2))
        log_ratios.append(log_ratio)
        assert kernel.warp is not None
        corner, middle = kernel.warp.bent_and_slopes(np.array([[0.02, 0.5], [0.5, 0.5]]))[1][:, 0]
        assert corner > 3.0 * middle
    assert np.mean(log_ratios) < math.log(0.5)


def test_what_is_alike_everywhere_is_seldom_bent() -> None:
    """Draws of a process without a warp; in 40 others 5 were bent."""
    n_bent = 0
    for seed in range(12):
        x, y = _draw_along_the_axes(seed)
        n_bent += fit_kernel(x, y, bent=np.arange(3)).warp is not None
    assert n_bent <= 3


def test_a_search_that_gets_nowhere_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where nothing is mixed, to look for a shear costs less than to go on to the end, and what comes out is the same."""
    sizes: list[int] = []
    whole = MarginalLikelihood.loss

    def noted(self: MarginalLikelihood, theta: Any) -> Any:
        sizes.append(len(theta))
        return whole(self, theta)

    monkeypatch.setattr(MarginalLikelihood, "loss", noted)
    draws = [_draw_along_the_axes(seed, d=6) for seed in range(5)]
    kernels = [fit_kernel(x, y, mixed=np.arange(6)) for x, y in draws]
    with_shear = 6 + 1 + 15  # length scales, the noise, entries
    n_asked = sizes.count(with_shear)
    sizes.clear()
    monkeypatch.setattr(marginal_likelihood, "_MILESTONES", {})
    to_the_end = [fit_kernel(x, y, mixed=np.arange(6)) for x, y in draws]
    assert 0 < n_asked < 0.75 * sizes.count(with_shear)
    for kernel, other in zip(kernels, to_the_end, strict=True):
        np.testing.assert_array_equal(kernel.scales, other.scales)


def _draw_along_the_axes(seed: int, d: int = 3) -> tuple[Any, Any]:
    """40 points, and standardised outputs of a process with three different length scales and some noise."""
    rng = np.random.default_rng(seed)
    x = rng.random((40, d))
    kernel = Kernel(np.resize([0.3, 0.5, 1.0], d), signal=1.0, noise=0.01, mean_variance=0.0)
    correlation = kernel.correlation(kernel.scaled(x), kernel.scaled(x)) + 0.01 * np.eye(40)
    y = np.linalg.cholesky(correlation) @ rng.normal(size=40)
    return x, (y - y.mean()) / y.std()


def test_fit_finds_what_matters_and_the_noise(rng: np.random.Generator) -> None:
    x = rng.random((120, 3))
    y = np.sin(6 * x[:, 0]) + 0.2 * rng.normal(size=120)
    kernel = fit_kernel(x, (y - y.mean()) / y.std())
    assert kernel.scales[0] < 0.3 * kernel.scales[1:].min()
    assert kernel.noise_variance * y.var() == pytest.approx(0.04, rel=0.4)


def test_fit_without_noise() -> None:
    kernel = fit_kernel(X, Y, GROUPS, Priors(min_noise=1e-7, max_noise=1e-7))
    assert kernel.noise == pytest.approx(1e-7)
    assert kernel.scales[2] == kernel.scales[3]


def test_fit_of_constant_outputs_and_of_one_point(rng: np.random.Generator) -> None:
    for x, y in ((X, np.zeros(N)), (X[:1], np.ones(1)), (np.repeat(X[:1], 30, axis=0), rng.normal(size=30))):
        kernel = fit_kernel(x, y)
        assert np.all(np.isfinite(kernel.scales))
        assert kernel.signal > 0.0
        mean, variance = GaussianProcess(Factor(x, kernel), y).posterior(X)
        assert np.all(np.isfinite(mean))
        assert np.all(variance > 0.0)


def test_length_scales_grow_with_the_root_of_the_dimensions() -> None:
    assert Priors().log_scale(40) - Priors().log_scale(10) == pytest.approx(math.log(2.0))


def test_distances_are_never_negative(rng: np.random.Generator) -> None:
    x = 1e3 + 1e-9 * rng.random((10, 3))
    assert np.all(squared_distances(x, x) >= 0.0)
