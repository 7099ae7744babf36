"""The fits of pydeseq2 on many genes at once, with the numbers that it gets gene by gene.

Each gene takes the same steps from the same start to the same rule of stopping, and each step is the same arithmetic in
the same order: sums run over the samples of one gene, products of matrices are those of one gene. A last bit matters:
where an optimiser stops may hinge on it. What pydeseq2 treats apart (fits that diverge or do not converge) is left to
its own functions.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from pydeseq2 import utils
from pydeseq2.default_inference import DefaultInference
from scipy.linalg import solve
from scipy.linalg.lapack import dgelsd, dgelsd_lwork
from scipy.special import gammaln, psi
from scipy.stats import norm

from anpi.association.descent import descend

NUMBERS, GENES = 2**16, 2**11  # computed at a time: counts that stay in the processor's cache, memory of searches
RIDGE = 1e-6  # of pydeseq2's regression
LEAST_SQUARES_RANK = 1e-6  # of scikit-learn: singular values below, as parts of the largest, count as none
DISPERSION_ENDS = 2.2204460492503131e-09, 1e-5  # when its search ends: as scipy has it
SHRINKAGE_ENDS = 1e-8, 1e-8  # as pydeseq2 has it


class BlockInference(DefaultInference):
    """Inference of pydeseq2 on many genes at once, on one thread."""

    def __init__(self) -> None:
        super().__init__(n_cpus=1)

    def lin_reg_mu(self, counts, size_factors, design_matrix, min_mu):
        """Return the means of each gene by least squares."""
        samples, columns = design_matrix.shape
        room, whole_room, _ = dgelsd_lwork(samples, columns, 1, -1.0)
        normed = (counts / size_factors[:, None]).T
        beta = [dgelsd(design_matrix, one, int(room), whole_room, LEAST_SQUARES_RANK)[0][:columns] for one in normed]
        return np.maximum(size_factors * np.matvec(design_matrix, beta), min_mu).T

    def irls(self, counts, size_factors, design_matrix, disp, min_mu, beta_tol, max_beta=30, maxiter=250, **rules):
        """Return coefficients, means, leverages and convergence of each gene, by reweighted least squares."""
        beta = np.empty((counts.shape[1], design_matrix.shape[1]))
        mu, leverages = np.empty(counts.shape), np.empty(counts.shape)
        converged = np.ones(counts.shape[1], dtype=bool)
        for part in parts(counts):
            fit = Regression(by_gene(counts, part), size_factors, design_matrix, disp[part], min_mu)
            diverged = fit.run(beta_tol, max_beta, maxiter)
            beta[part], mu[:, part], leverages[:, part] = fit.beta, fit.means.T, fit.leverages().T
            for gene in part.start + np.flatnonzero(diverged):
                # Its first step is its last: from there pydeseq2 descends from where it began, whatever it has walked.
                beta[gene], mu[:, gene], leverages[:, gene], converged[gene] = utils.irls_solver(
                    counts=counts[:, gene],
                    size_factors=size_factors,
                    design_matrix=design_matrix,
                    disp=disp[gene],
                    min_mu=min_mu,
                    beta_tol=beta_tol,
                    max_beta=max_beta,
                    maxiter=1,
                    **rules,
                )
        return beta, mu, leverages, converged

    def alpha_mle(
        self,
        counts,
        design_matrix,
        mu,
        alpha_hat,
        min_disp,
        max_disp,
        prior_disp_var=None,
        cr_reg=True,
        prior_reg=False,
    ):
        """Return dispersion and convergence of each gene, by likelihood or a posteriori."""
        found, converged = np.empty(counts.shape[1]), np.empty(counts.shape[1], dtype=bool)
        bounds = np.log(min_disp), np.log(max_disp)
        for part in parts(counts):
            start = np.log(alpha_hat[part])
            curve = Dispersion(by_gene(counts, part), by_gene(mu, part), design_matrix, cr_reg)
            if prior_reg:
                curve.expect(start, prior_disp_var)
            points, converged[part] = descend(curve, np.clip(start, *bounds)[:, None], *DISPERSION_ENDS, bounds)
            found[part] = np.exp(points[:, 0])
        for gene in np.flatnonzero(~converged):
            found[gene], converged[gene] = utils.fit_alpha_mle(
                counts=counts[:, gene],
                design_matrix=design_matrix,
                mu=mu[:, gene],
                alpha_hat=alpha_hat[gene],
                min_disp=min_disp,
                max_disp=max_disp,
                prior_disp_var=prior_disp_var,
                cr_reg=cr_reg,
                prior_reg=prior_reg,
            )
        return found, converged

    def wald_test(self, design_matrix, disp, lfc, mu, ridge_factor, contrast, lfc_null, alt_hypothesis=None):
        """Return p, statistic and standard error of a contrast of each gene."""
        if alt_hypothesis is not None:
            return super().wald_test(
                design_matrix, disp, lfc, mu, ridge_factor, contrast, lfc_null, alt_hypothesis=alt_hypothesis
            )
        error = np.empty(len(lfc))
        for part in parts(mu):
            means = by_gene(mu, part)
            information = gram(design_matrix, means / (1 + means * disp[part, None]))
            spread = np.matvec(np.linalg.inv(information + ridge_factor), contrast)
            error[part] = np.sqrt(np.vecdot(np.vecmat(spread, information), spread))
        statistic = np.vecdot(contrast, lfc - lfc_null) / error
        return 2 * norm.sf(np.abs(statistic)), statistic, error

    def lfc_shrink_nbinom_glm(
        self, design_matrix, counts, size, offset, prior_no_shrink_scale, prior_scale, optimizer, shrink_index
    ):
        """Return coefficients, inverse Hessian and convergence of each gene, one coefficient shrunken by apeglm."""
        columns = design_matrix.shape[1]
        beta, converged = np.empty((len(size), columns)), np.empty(len(size), dtype=bool)
        inverse = np.empty((len(size), columns, columns))
        rules = design_matrix, offset, prior_no_shrink_scale, prior_scale, shrink_index
        for part in parts(counts):
            curve = Shrinkage(by_gene(counts, part), size[part, None], *rules)
            start = np.tile(0.1 * (-1.0) ** np.arange(columns), (len(curve.counts), 1))
            beta[part], converged[part] = descend(curve, start, *SHRINKAGE_ENDS)
            inverse[part] = np.linalg.inv(curve.hessian(beta[part]))
        for gene in np.flatnonzero(~converged) if columns == 2 else ():  # found on a grid
            beta[gene], inverse[gene], converged[gene] = utils.nbinomGLM(
                design_matrix,
                counts[:, gene],
                size[gene],
                offset,
                prior_no_shrink_scale,
                prior_scale,
                optimizer,
                shrink_index,
            )
        return beta, inverse, converged


class Regression:
    """Coefficients of genes on the design, fitted by steps until the likelihood of each stays as it is.

    Parameters
    ----------
    counts : (genes, samples) array
    disp : (genes,) array
    min_mu : float
        The least mean of a count that a step goes by.
    """

    def __init__(self, counts, size_factors, design, disp, min_mu):
        self.counts, self.size_factors, self.design = counts, size_factors, design
        self.disp, self.min_mu = disp[:, None], min_mu
        self.ridge = np.diag(np.repeat(RIDGE, design.shape[1]))
        self.log_binomial = log_binomial(counts + 1 / self.disp, gammaln(counts + 1), 1 / self.disp)
        q, r = np.linalg.qr(design)
        projected = np.matvec(q.T, np.log(counts / size_factors + 0.1))
        self.beta = solve(r, projected[:, :, None])[:, :, 0]
        self.means = self.expected(self.beta)

    def expected(self, beta):
        return self.size_factors * np.exp(np.matvec(self.design, beta))

    def run(self, tolerance: float, most: float, steps: int) -> np.ndarray:
        """Fit, and return which genes diverged."""
        diverged = np.zeros(len(self.beta), dtype=bool)
        deviance = np.full(len(self.beta), 1000.0)
        rows = np.arange(len(self.beta))
        for step in range(1, steps + 1):
            beta = self.next_beta(rows)
            lost = (np.abs(beta) > most).any(axis=1) | (step == steps)
            diverged[rows[lost]] = True
            rows, beta = rows[~lost], beta[~lost]
            self.beta[rows], self.means[rows] = beta, self.expected(beta)
            old, new = deviance[rows], -2 * self.unlikelihood(rows)
            deviance[rows] = new
            rows = rows[np.abs(new - old) / (np.abs(new) + 0.1) > tolerance]
            if not len(rows):
                break
        return diverged

    def weights(self, rows):
        mu = np.maximum(self.means[rows], self.min_mu)
        return mu, mu / (1.0 + mu * self.disp[rows])

    def next_beta(self, rows):
        mu, weights = self.weights(rows)
        working = np.log(mu / self.size_factors) + (self.counts[rows] - mu) / mu
        right = np.matvec(self.design.T, weights * working)
        return solve(gram(self.design, weights) + self.ridge, right[:, :, None], assume_a="pos")[:, :, 0]

    def unlikelihood(self, rows):
        mu, counts = np.maximum(self.means[rows], self.min_mu), self.counts[rows]
        return unlikelihood(counts, mu, self.disp[rows], self.log_binomial[rows], counts * np.log(mu))

    def leverages(self):
        _, weights = self.weights(slice(None))
        covariance = np.linalg.inv(gram(self.design, weights) + self.ridge)
        root = np.sqrt(weights)
        return root * np.vecdot(self.design @ covariance, self.design) * root


class Dispersion:
    """How unlikely the counts of genes are at a logarithm of dispersion, and the slope there.

    Parameters
    ----------
    counts, mu : (genes, samples) array
    adjusted : bool
        By Cox and Reid for the coefficients that were fitted.
    """

    def __init__(self, counts, mu, design, adjusted):
        self.counts, self.mu, self.design, self.adjusted = counts, mu, design, adjusted
        self.log_factorial, self.weighted_logs = gammaln(counts + 1), counts * np.log(mu)
        self.prior = None

    def expect(self, log_alpha, variance):
        """Add a normal prior of each gene's logarithm of dispersion."""
        self.prior = log_alpha, variance

    def __call__(self, rows, points):
        log_alpha = points[:, 0]
        alpha = np.exp(log_alpha)[:, None]
        counts, mu, size = self.counts[rows], self.mu[rows], 1 / alpha
        shifted, spread = counts + size, 1 + mu * alpha
        binomial = log_binomial(shifted, self.log_factorial[rows], size)
        value = unlikelihood(counts, mu, alpha, binomial, self.weighted_logs[rows])
        slopes = psi(size) - psi(shifted) + np.log(spread) + (counts - mu) / (mu + size)
        slope = alpha[:, 0] * -(squared(size[:, 0]) * slopes.sum(axis=1))
        added, added_slope = np.zeros(len(rows)), np.zeros(len(rows))
        if self.adjusted:
            weights = mu / spread
            information = gram(self.design, weights)
            change = np.linalg.inv(information) * gram(self.design, -(weights**2))
            added += 0.5 * np.linalg.slogdet(information)[1]
            added_slope += 0.5 * change.reshape(len(rows), -1).sum(axis=1) * alpha[:, 0]
        if self.prior is not None:
            distance, variance = log_alpha - self.prior[0][rows], self.prior[1]
            added += squared(distance) / (2 * variance)
            added_slope += distance / variance
        return value + added, (slope + added_slope)[:, None]


class Shrinkage:
    """How unlikely the counts of genes are at coefficients with apeglm's prior on one, in parts of that at none.

    Parameters
    ----------
    counts : (genes, samples) array
    size : (genes, 1) array
        One by dispersion.
    place : int
        Of the coefficient that is shrunken.
    """

    def __init__(self, counts, size, design, offset, wide_scale, scale, place):
        self.counts, self.size, self.design, self.offset = counts, size, design, offset
        self.wide_scale, self.scale, self.place = wide_scale, scale, place
        self.shrunken = (np.arange(design.shape[1]) == place).astype(float)
        self.others = 1 - self.shrunken
        self.total, self.log_size = counts + size, np.log(size)
        everyone = np.arange(len(counts))
        self.unit = np.maximum(self.unlikelihood(everyone, np.zeros((len(counts), design.shape[1]))), 1)

    def __call__(self, rows, beta):
        return self.unlikelihood(rows, beta) / self.unit[rows], self.slope(rows, beta) / self.unit[rows, None]

    def unlikelihood(self, rows, beta):
        linear = np.matvec(self.design, beta)
        prior = ((beta * self.others) ** 2 / (2 * self.wide_scale**2)).sum(axis=1)
        prior += np.log1p(squared(beta[:, self.place] / self.scale))
        total = self.total[rows] * np.logaddexp(linear + self.offset, self.log_size[rows])
        return prior - (self.counts[rows] * linear - total).sum(axis=1)

    def slope(self, rows, beta):
        linear = np.matvec(self.design, beta)
        prior = beta * self.others / self.wide_scale**2
        prior += 2 * beta * self.shrunken / (self.scale**2 + squared(beta[:, self.place]))[:, None]
        seen = self.counts[rows] - self.total[rows] / (1 + self.size[rows] * np.exp(-linear - self.offset))
        return prior - np.vecmat(seen, self.design)

    def hessian(self, beta):
        """Return the second derivative, not in parts; the prior's is added to each row, as pydeseq2 does."""
        means = np.exp(np.matvec(self.design, beta) + self.offset)
        weights = self.total * self.size * means / (self.size + means) ** 2
        square = squared(beta[:, self.place])[:, None]
        curvature = 2 * (self.scale**2 - square) / (self.scale**2 + square) ** 2
        prior = self.others / self.wide_scale**2 + self.shrunken * curvature
        return gram(self.design, weights) + prior[:, None, :]


def parts(counts: np.ndarray) -> Iterator[slice]:
    """Return the genes (columns) in parts that are computed at a time."""
    step = max(1, min(GENES, NUMBERS // len(counts)))
    return (slice(start, min(start + step, counts.shape[1])) for start in range(0, counts.shape[1], step))


def by_gene(table: np.ndarray, part: slice) -> np.ndarray:
    return np.ascontiguousarray(table[:, part].T, dtype=float)


def gram(design: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """Return the weighted products of the design's columns, a matrix a gene; in memory as pydeseq2 has its one."""
    if design.flags.c_contiguous:
        return np.swapaxes(design * weights[:, :, None], 1, 2) @ design
    return (design.T * weights[:, None, :]) @ design


def log_binomial(shifted: np.ndarray, log_factorial: np.ndarray, size: np.ndarray) -> np.ndarray:
    return gammaln(shifted) - log_factorial - gammaln(size)


def unlikelihood(counts, mu, alpha, log_binomial, weighted_logs) -> np.ndarray:
    """Return minus the logarithm of the likelihood of each gene's counts (negative binomial)."""
    size = 1 / alpha
    each = -log_binomial + (counts + size) * np.log(size + mu) - weighted_logs
    return counts.shape[1] * size[:, 0] * np.log(alpha[:, 0]) + each.sum(axis=1)


def squared(numbers: np.ndarray) -> np.ndarray:
    """Return squares by the power of single numbers, whose last bit is not always that of a product."""
    return np.power(numbers, np.full_like(numbers, 2.0))
