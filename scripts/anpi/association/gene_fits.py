"""The fits of pydeseq2 gene by gene, to the last bit, with what is asked for again and again computed once.

An optimiser carries a last bit up to the third digit (`anpi.arithmetic`), so every number here comes by the same
operations in the same order as in pydeseq2: what is saved is repetition. Genes that its optimisers give up on are
handed to its own functions.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from pydeseq2 import utils
from pydeseq2.default_inference import DefaultInference
from scipy.linalg import solve
from scipy.optimize import minimize
from scipy.special import gammaln, polygamma
from scipy.stats import norm

RIDGE = 1e-6
WIDE_SCALE = 15
LARGEST_BETA = 30
MOST_STEPS = 250
Loss = Callable[[np.ndarray], tuple[float, np.ndarray]]


class GeneFits(DefaultInference):
    """Fits of single genes for pydeseq2."""

    def __init__(self) -> None:
        super().__init__(n_cpus=1)

    def irls(
        self,
        counts: np.ndarray,
        size_factors: np.ndarray,
        design_matrix: np.ndarray,
        disp: np.ndarray,
        min_mu: float,
        beta_tol: float,
    ) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
        """Fit the coefficients of each gene by iteratively reweighted least squares."""
        q, r = np.linalg.qr(design_matrix)
        fits = []
        for gene in range(counts.shape[1]):
            y = counts[:, gene]
            start = solve(r, q.T @ np.log(y / size_factors + 0.1))
            found = reweighted(y, size_factors, design_matrix, disp[gene], start, min_mu, beta_tol)
            if found is None:
                found = utils.irls_solver(y, size_factors, design_matrix, disp[gene], min_mu, beta_tol)
            fits.append(found)
        beta, mu, leverage, converged = (np.array(part) for part in zip(*fits, strict=True))
        return beta, mu.T, leverage.T, converged

    def alpha_mle(
        self,
        counts: np.ndarray,
        design_matrix: np.ndarray,
        mu: np.ndarray,
        alpha_hat: np.ndarray,
        min_disp: float,
        max_disp: float,
        prior_disp_var: float | None = None,
        cr_reg: bool = True,
        prior_reg: bool = False,
    ) -> tuple[np.ndarray, np.ndarray]:
        """Fit the dispersion of each gene, with the adjustment of Cox and Reid."""
        bounds = [(np.log(min_disp), np.log(max_disp))]
        fits = []
        for gene in range(counts.shape[1]):
            y, means, start = counts[:, gene], mu[:, gene], alpha_hat[gene]
            loss = dispersion_loss(y, design_matrix, means, np.log(start), prior_disp_var if prior_reg else None)
            found = minimize(loss, np.asarray([np.log(start)]), jac=True, method="L-BFGS-B", bounds=bounds)
            if found.success:
                fits.append((np.exp(found.x[0]), True))
            else:
                settings = (min_disp, max_disp, prior_disp_var, cr_reg, prior_reg)
                fits.append(utils.fit_alpha_mle(y, design_matrix, means, start, *settings))
        alpha, converged = (np.array(part) for part in zip(*fits, strict=True))
        return alpha, converged

    def wald_test(
        self,
        design_matrix: np.ndarray,
        disp: np.ndarray,
        lfc: np.ndarray,
        mu: np.ndarray,
        ridge_factor: np.ndarray,
        contrast: np.ndarray,
        **rest: Any,
    ) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Test of each gene whether the contrast is zero."""
        statistics, errors = np.empty(mu.shape[1]), np.empty(mu.shape[1])
        for gene in range(mu.shape[1]):
            weight = mu[:, gene] / (1 + mu[:, gene] * disp[gene])
            information = (design_matrix.T * weight[None, :]) @ design_matrix
            direction = np.linalg.inv(information + ridge_factor) @ contrast
            errors[gene] = np.sqrt(direction.T @ information @ direction)
            statistics[gene] = contrast @ lfc[gene] / errors[gene]
        return 2 * norm.sf(np.abs(statistics)), statistics, errors


def shrunken(
    counts: np.ndarray,
    design_matrix: np.ndarray,
    sizes: np.ndarray,
    offset: np.ndarray,
    prior_scale: float,
    place: int,
) -> np.ndarray:
    """Return for each gene the coefficient at a place of the design, shrunken by apeglm (Zhu 2019)."""
    start = np.ones(design_matrix.shape[1]) * 0.1 * (-1) ** np.arange(design_matrix.shape[1])
    found = np.empty(counts.shape[1])
    for gene in range(counts.shape[1]):
        y = counts[:, gene]
        loss = shrinking_loss(y, design_matrix, sizes[gene], offset, prior_scale, place)
        fit = minimize(loss, start, jac=True, method="L-BFGS-B", options={"ftol": 1e-8, "gtol": 1e-8})
        beta = fit.x
        if not fit.success:
            priors = (WIDE_SCALE, prior_scale, "L-BFGS-B", place)
            beta = utils.nbinomGLM(design_matrix, y, sizes[gene], offset, *priors)[0]
        found[gene] = beta[place]
    return found


def reweighted(
    y: np.ndarray, size_factors: np.ndarray, x: np.ndarray, alpha: float, beta: np.ndarray, min_mu: float, tol: float
) -> tuple[np.ndarray, np.ndarray, np.ndarray, bool] | None:
    """Return coefficients, means and leverages of a gene; None where the iteration runs away."""
    size, ridge = 1 / alpha, np.diag(np.repeat(RIDGE, len(beta)))
    binomial = -(gammaln(y + size) - gammaln(y + 1) - gammaln(size))
    constant, total = len(y) * size * np.log(alpha), y + size
    deviance, ratio, steps = 1000.0, 1.0, 0
    mu = np.maximum(size_factors * np.exp(x @ beta), min_mu)
    while ratio > tol:
        weight = mu / (1.0 + mu * alpha)
        z = np.log(mu / size_factors) + (y - mu) / mu
        beta = solve((x.T * weight) @ x + ridge, x.T @ (weight * z), assume_a="pos")
        steps += 1
        if (np.abs(beta) > LARGEST_BETA).any() or steps >= MOST_STEPS:
            return None
        expected = size_factors * np.exp(x @ beta)
        mu = np.maximum(expected, min_mu)
        before = deviance
        deviance = -2 * (constant + (binomial + total * np.log(size + mu) - y * np.log(mu)).sum())
        ratio = np.abs(deviance - before) / (np.abs(deviance) + 0.1)
    weight = mu / (1.0 + mu * alpha)
    inverse = np.linalg.inv((x.T * weight[None, :]) @ x + ridge)
    root = np.sqrt(weight)
    leverage = root * np.einsum("ij,jk,ki->i", x, inverse, x.T) * root
    return beta, expected, leverage, True


def dispersion_loss(y: np.ndarray, x: np.ndarray, mu: np.ndarray, start: float, spread: float | None) -> Loss:
    """Return the function of a log dispersion that is minimised, with its gradient."""
    counts, place = np.unique(y, return_inverse=True)
    of_counts, of_means = gammaln(counts + 1)[place], y * np.log(mu)

    def loss(point: np.ndarray) -> tuple[float, np.ndarray]:
        alpha = np.exp(point[0])
        size = 1 / alpha
        factor = 1 + mu * alpha
        weight = mu / factor
        information = (x.T * weight) @ x
        value, slope = 0, 0
        value += 0.5 * np.linalg.slogdet(information)[1]
        slope += (0.5 * (np.linalg.inv(information) * ((x.T * -(weight**2)) @ x)).sum()) * alpha
        if spread is not None:
            value += (point[0] - start) ** 2 / (2 * spread)
            slope += (point[0] - start) / spread
        sums = counts + size
        binomial = gammaln(sums)[place] - of_counts - gammaln(size)
        both = size + mu
        likelihood = (-binomial + (y + size) * np.log(both) - of_means).sum()
        score = polygamma(0, size) - polygamma(0, sums)[place] + np.log(factor) + (y - mu) / both
        value = len(y) * size * np.log(alpha) + likelihood + value
        return value, np.asarray([alpha * -(size**2 * score.sum()) + slope])

    return loss


def shrinking_loss(
    y: np.ndarray, x: np.ndarray, size: float, offset: np.ndarray, prior_scale: float, place: int
) -> Loss:
    """Return the function of the coefficients that is minimised, with its gradient, on pydeseq2's scale."""
    shrunk = np.zeros(x.shape[1])
    shrunk[place] = 1
    wide = np.ones(x.shape[1]) - shrunk
    total, log_size = y + size, np.log(size)

    def parts(beta: np.ndarray) -> tuple[float, np.ndarray]:
        linear = x @ beta
        shifted = linear + offset
        prior = ((beta * wide) ** 2 / (2 * WIDE_SCALE**2)).sum() + np.log1p((beta[place] / prior_scale) ** 2)
        likelihood = (y * linear - total * np.logaddexp(shifted, log_size)).sum(axis=0)
        return prior - likelihood, linear

    scale = np.maximum(parts(np.zeros(x.shape[1]))[0], 1)

    def loss(beta: np.ndarray) -> tuple[float, np.ndarray]:
        value, linear = parts(beta)
        prior = beta * wide / WIDE_SCALE**2 + 2 * beta * shrunk / (prior_scale**2 + beta[place] ** 2)
        slope = (y - total / (1 + size * np.exp(-linear - offset))) @ x
        return value / scale, (prior - slope) / scale

    return loss
