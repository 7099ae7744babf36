# Firth's penalised Cox model with strata and time-dependent covariates, which coxphf does not offer: coxph of survival
# evaluates likelihood and information at given coefficients, optim climbs, uniroot finds the profile limits.
# Rscript penalised_cox.R (in this folder); the values stand in tests/parity/test_penalised_cox.py.
suppressPackageStartupMessages(library(survival))
at <- function(f, b, d, ties) {
  z <- try(coxph(f, d, init = b, control = coxph.control(iter.max = 0), ties = ties), silent = TRUE)
  if (inherits(z, "try-error")) -1e10 else z$loglik[length(z$loglik)] - 0.5 * log(det(z$var))
}
hold <- 1
firth <- function(f, d, k, ties = "efron") {
  se <- sqrt(diag(coxph(f, d, init = rep(0, k), control = coxph.control(iter.max = 0))$var))
  climb <- function(g, s) {
    size <- if (length(s) == k) se else se[-hold]
    settings <- list(fnscale = -1, parscale = size, ndeps = rep(1e-4, length(s)), reltol = 1e-15, maxit = 1000)
    optim(optim(s, g, method = "BFGS", control = settings)$par, g, method = "BFGS", control = settings)
  }
  best <- climb(function(b) at(f, b, d, ties), rep(0, k)); b <- best$par
  held <- function(j, v) { hold <<- j; climb(function(r) at(f, append(r, v, j - 1), d, ties), b[-j])$value }
  loss <- function(j, v) 2 * (best$value - held(j, v))
  over <- function(j, side) uniroot(function(v) loss(j, v) - qchisq(.95, 1), sort(c(b[j] + side * 12 * se[j], b[j])), tol = 1e-9)$root
  list(coef = b, low = sapply(1:k, over, side = -1), high = sapply(1:k, over, side = 1),
       p = sapply(1:k, function(j) pchisq(loss(j, 0), 1, lower.tail = FALSE)), lrt = 2 * (best$value - at(f, rep(0, k), d, ties)))
}
show <- function(name, z) { cat(name, "\n"); for (n in names(z)) cat("  ", n, sprintf("%.8f", z[[n]]), "\n") }
v <- read.csv("veteran.csv"); o <- read.csv("ovarian.csv"); j <- read.csv("jasa1.csv")
show("veteran, Efron", firth(Surv(time, status) ~ trt + karno + strata(celltype), v, 2))
show("veteran, Breslow", firth(Surv(time, status) ~ trt + karno + strata(celltype), v, 2, "breslow"))
show("ovarian", firth(Surv(futime, fustat) ~ age + resid.ds + strata(rx), o, 2))
show("jasa1", firth(Surv(start, stop, event) ~ transplant + age, j, 2))
j$alive <- ifelse(j$transplant == 1, 0, j$event) # nobody dies after a transplant: the plain likelihood has no maximum
show("jasa1, monotone", firth(Surv(start, stop, alive) ~ transplant + age, j, 2))
