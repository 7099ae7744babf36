# Every row of the results again, from the datasets in this folder, with survival, coin and stats.
# Rscript reproduce.R   writes reproduced.csv and ends with 1 when a number differs.
suppressPackageStartupMessages({library(survival); library(coin)})
set.seed(1)
DRAWS <- 20000
script <- sub("^--file=", "", grep("^--file=", commandArgs(), value = TRUE))
if (length(script)) setwd(dirname(normalizePath(script)))
read <- function(name) if (file.exists(name)) read.csv(name, na.strings = c("NA", ""), colClasses = "character") else NULL
adsl <- read("adsl.csv"); adtte <- read("adtte.csv"); adrs <- read("adrs.csv"); adbm <- read("adbm.csv")
variables <- read("variables.csv"); analyses <- read("analyses.csv"); families <- read("families.csv")
num <- function(x) suppressWarnings(as.numeric(x))
words <- function(x) if (is.na(x)) character() else strsplit(x, "|", fixed = TRUE)[[1]]
ordered_levels <- function(x) sort(unique(x[!is.na(x)]), method = "radix")
RANKS <- c("PD" = 0, "SD" = 1, "NON-CR/NON-PD" = 1, "PR" = 2, "CR" = 3,
           "ICPD" = 0, "IUPD" = 0, "ISD" = 1, "NON-ICR/NON-IUPD" = 1, "IPR" = 2, "ICR" = 3)

# ---- data of a question ----
variable <- function(label) variables$variable[match(label, variables$label)]
covariate <- function(name) {
  column <- variable(name)
  if (is.na(column)) return(NULL)
  values <- adsl[[column]]
  if (variables$kind[match(name, variables$label)] == "number") num(values) else values
}
design <- function(names) {
  columns <- list()
  for (name in names) {
    values <- covariate(name)
    if (is.null(values)) return(NULL)
    if (is.numeric(values)) columns[[name]] <- values
    else for (level in ordered_levels(values)[-1]) columns[[paste0(name, ": ", level)]] <- as.numeric(values == level)
  }
  if (length(columns)) do.call(cbind, columns) else matrix(numeric(), nrow(adsl), 0)
}
parameter <- function(data, a) { own <- data[data$PARAM == a$endpoint, ]; if (nrow(own)) own else data[data$PARAMCD == a$parameter, ] }
marker_of <- function(a) {
  if (a$biomarker == "arm") return(adsl$TRT01P)
  if (a$source == "biomarker") {
    rows <- adbm[adbm$PARAM == a$biomarker, ]
    values <- rows[match(adsl$SPECID, rows$SPECID), ]
    if (a$biomarker == "subtype") return(values$AVALC)
    x <- num(values$AVAL)
    return(if (any(tolower(rows$AVALU) %in% "tpm")) log2(pmax(x, 0) + 1) else x)
  }
  if (a$source == "column") return(covariate(a$biomarker))
  rep("by time", nrow(adsl))
}
question <- function(a) {
  member <- adsl[[variable(a$set)]] %in% "Y"
  frame <- data.frame(id = adsl$USUBJID, arm = adsl$TRT01P)
  if (a$kind == "time") {
    rows <- parameter(adtte, a); at <- match(adsl$USUBJID, rows$USUBJID)
    frame$time <- num(rows$AVAL)[at]; frame$event <- 1 - num(rows$CNSR)[at]
  } else {
    rows <- parameter(adrs, a); value <- toupper(rows$AVALC[match(adsl$USUBJID, rows$USUBJID)])
    frame$y <- if (a$kind == "binary") unname(c(Y = 1, N = 0)[value]) else unname(RANKS[value])
    frame$event <- if (a$kind == "binary") frame$y else as.numeric(frame$y >= 2)
  }
  frame$marker <- marker_of(a)
  x <- design(words(a$adjust_for))
  keep <- member & complete.cases(frame) & complete.cases(x)
  frame <- frame[keep, ]; x <- x[keep, , drop = FALSE]
  x <- x[, apply(x, 2, function(v) length(unique(v)) > 1), drop = FALSE]
  stratified <- a$stratify_by_arm == "TRUE" && length(unique(frame$arm)) > 1 && a$biomarker != "arm"
  if (is.numeric(frame$marker) && !a$cut %in% c("none", "maximally_selected")) {
    cut <- if (a$cut == "median") median(frame$marker) else num(a$cut)
    frame$marker <- ifelse(frame$marker > cut, sprintf("above %.4g", cut), sprintf("at most %.4g", cut))
  }
  if (a$source == "column" && is.numeric(frame$marker) && length(unique(covariate(a$biomarker)[!is.na(covariate(a$biomarker))])) <= 2)
    frame$marker <- ifelse(is.na(frame$marker), NA, paste0(format(frame$marker, nsmall = 1)))
  list(frame = frame, x = x, stratified = stratified, firth = grepl("Firth", a$method))
}
tested <- function(q, smallest) {
  count <- table(q$frame$marker)
  names(count)[count >= smallest]
}
keep_rows <- function(q, rows) { q$frame <- q$frame[rows, ]; q$x <- q$x[rows, , drop = FALSE]; q }
informative <- function(x) x[, apply(x, 2, function(v) length(unique(v)) > 1), drop = FALSE]
arm_columns <- function(arm) sapply(ordered_levels(arm)[-1], function(one) as.numeric(arm == one))
dummies <- function(marker, levels) { x <- sapply(levels, function(one) as.numeric(marker == one)); matrix(x, length(marker), dimnames = list(NULL, levels)) }

# ---- penalised likelihoods (Firth), maximised by Newton's steps on differences ----
cox_penalised <- function(time, event, x, strata = NULL, start = NULL, firth = TRUE) {
  response <- if (is.null(start)) Surv(time, event) else Surv(start, time, event)
  x <- scale(x, scale = FALSE); x <- matrix(x, nrow(x)); fitter <- if (is.null(start)) coxph.fit else agreg.fit
  strata <- if (is.null(strata)) rep(1L, nrow(x)) else as.integer(factor(strata)); offset <- rep(0, nrow(x))
  control <- coxph.control(iter.max = 0); names <- as.character(seq_len(nrow(x)))
  function(beta) {
    fit <- suppressWarnings(fitter(x, response, strata, offset, beta, control, rep(1, nrow(x)), "efron", names, resid = FALSE))
    fit$loglik[2] - firth * 0.5 * as.numeric(determinant(as.matrix(fit$var))$modulus)
  }
}
logistic_penalised <- function(y, x) {
  x <- cbind(1, scale(x, scale = FALSE))
  function(beta) {
    eta <- as.vector(x %*% beta); mean <- plogis(eta)
    information <- crossprod(x * (mean * (1 - mean)), x)
    sum(y * eta + plogis(-eta, log.p = TRUE)) + 0.5 * as.numeric(determinant(information)$modulus)
  }
}
climb <- function(f, beta, free) {
  if (!length(free)) return(list(beta = beta, value = f(beta)))
  at <- function(step) { b <- beta; b[free] <- b[free] + step; f(b) }
  for (round in 1:100) {
    k <- length(free); h <- 1e-3; top <- at(rep(0, k)); unit <- diag(k)
    up <- apply(unit, 2, function(u) at(h * u)); down <- apply(unit, 2, function(u) at(-h * u))
    far_up <- apply(unit, 2, function(u) at(2 * h * u)); far_down <- apply(unit, 2, function(u) at(-2 * h * u))
    score <- (8 * (up - down) - (far_up - far_down)) / (12 * h)
    hessian <- diag((up - 2 * top + down) / h^2, k)
    if (k > 1) for (i in 1:(k - 1)) for (j in (i + 1):k)
      hessian[i, j] <- hessian[j, i] <- (at(h * (unit[, i] + unit[, j])) - at(h * (unit[, i] - unit[, j])) -
        at(h * (unit[, j] - unit[, i])) + at(-h * (unit[, i] + unit[, j]))) / (4 * h^2)
    step <- tryCatch(solve(-hessian, score), error = function(e) score)
    if (sum(step * score) < 0) step <- score
    if (max(abs(step)) > 3) step <- step * 3 / max(abs(step))
    size <- 1
    while (max(abs(step)) > 1e-6 && !isTRUE(at(size * step) > top) && size > 1e-6) size <- size / 2
    beta[free] <- beta[free] + size * step
    if (max(abs(step)) < 1e-8) break
  }
  list(beta = beta, value = f(beta))
}
# With the number of patients, Cox models take Student's t and F in place of the normal and chi-square distributions.
penalised_fit <- function(f, k, patients = Inf) {
  best <- climb(f, rep(0, k), seq_len(k)); list(f = f, k = k, best = best, df = max(1, patients - k - 1))
}
joint <- function(fit, places) {
  held <- fit$best$beta; held[places] <- 0
  statistic <- max(0, 2 * (fit$best$value - climb(fit$f, held, setdiff(seq_len(fit$k), places))$value))
  c(statistic, pf(statistic / length(places), length(places), fit$df, lower.tail = FALSE))
}
limit <- function(fit, place, sign) {
  near <- fit$best$beta; free <- setdiff(seq_len(fit$k), place); goal <- qt(0.975, fit$df)
  fall <- function(distance) {
    held <- near; held[place] <- fit$best$beta[place] + sign * distance
    found <- climb(fit$f, held, free); near <<- found$beta
    sqrt(max(0, 2 * (fit$best$value - found$value))) - goal
  }
  far <- 0.25
  while (fall(far) < 0) { far <- far * 1.6; if (far > 60) return(sign * Inf) }
  fit$best$beta[place] + sign * uniroot(fall, c(0, far), f.lower = -goal, tol = 1e-9)$root
}
ratio <- function(fit, place)
  c(estimate = exp(fit$best$beta[place]), ci_low = exp(limit(fit, place, -1)), ci_high = exp(limit(fit, place, 1)), p = joint(fit, place)[2])
cox_fit <- function(q, x, stratified = q$stratified)
  penalised_fit(cox_penalised(q$frame$time, q$frame$event, x, if (stratified) q$frame$arm, firth = q$firth), ncol(x), if (q$firth) nrow(q$frame) else Inf)
odds_fit <- function(q, x) { x <- informative(x); list(x = x, fit = penalised_fit(logistic_penalised(q$frame$y, x), ncol(x) + 1)) }

# ---- the kinds of rows ----
grouped_design <- function(a, q) {
  levels <- c(a$reference, setdiff(tested(q, num(a$smallest_group)), a$reference))
  q <- keep_rows(q, q$frame$marker %in% levels); q$x <- informative(q$x)
  list(q = q, groups = dummies(q$frame$marker, levels[-1]))
}
score_design <- function(q) (q$frame$marker - mean(q$frame$marker)) / sd(q$frame$marker)
logrank_row <- function(a, q) { g <- grouped_design(a, q); permuted_logrank(g$q$frame, g$q$stratified) }
permuted_logrank <- function(d, stratified) {
  formula <- if (stratified) Surv(time, event) ~ marker + strata(arm) else Surv(time, event) ~ marker
  observed <- survdiff(formula, d)$chisq; draws <- 2000; blocks <- if (stratified) d$arm else rep("", nrow(d))
  hits <- sum(replicate(draws, {
    for (block in unique(blocks)) { at <- which(blocks == block); d$marker[at] <- d$marker[at][sample.int(length(at))] }
    survdiff(formula, d)$chisq >= observed - 1e-7
  }))
  c(estimate = observed, p = (1 + hits) / (1 + draws), draws = draws)
}
drawn <- function(test, mid, draws = DRAWS) c(p = as.numeric(if (mid) midpvalue(test) else pvalue(test)), draws = draws)
conditional <- function(value, by, strata, quadratic, mid = FALSE) {
  data <- data.frame(value = value, by = by, arm = factor(if (is.null(strata)) rep("", length(value)) else strata))
  formula <- if (is.null(strata)) value ~ by else value ~ by | arm
  kind <- if (quadratic) "quadratic" else "scalar"
  observed <- independence_test(formula, data, teststat = kind)
  c(estimate = as.numeric(statistic(observed)),
    drawn(independence_test(formula, data, teststat = kind, distribution = approximate(nresample = DRAWS)), mid))
}
groups_row <- function(a, q, value = identity) {
  g <- grouped_design(a, q)$q
  conditional(value(g$frame$y), factor(g$frame$marker), if (g$stratified) g$frame$arm, TRUE, grepl("mid-p", a$method))
}
fisher_row <- function(a, q) {
  g <- grouped_design(a, q)$q; cells <- table(g$frame$marker, g$frame$y)
  if (grepl("mid-p", a$method)) return(fisher_mid(cells, grepl("random tables", a$method)))
  if (grepl("random tables", a$method)) c(p = fisher.test(cells, simulate.p.value = TRUE, B = DRAWS)$p.value, draws = DRAWS)
  else c(p = fisher.test(cells, workspace = 2e7)$p.value)
}
# Of groups by outcomes: less probable tables of these margins, and half of those as probable as the one seen.
fisher_mid <- function(cells, random) {
  size <- rowSums(cells); total <- sum(cells[, 1]); seen <- sum(lchoose(size, cells[, 1])); used <- weight <- 0
  if (random) {
    weight <- sapply(r2dtable(DRAWS, size, colSums(cells)), function(drawn) sum(lchoose(size, drawn[, 1]))); share <- 1 / DRAWS
  } else {
    for (n in size) {
      weight <- c(outer(weight, lchoose(n, 0:n), "+")); used <- c(outer(used, 0:n, "+"))
      weight <- weight[used <= total]; used <- used[used <= total]
    }
    weight <- weight[used == total]; share <- exp(weight - lchoose(sum(size), total))
  }
  p <- sum(share * ((weight < seen - 1e-7) + (abs(weight - seen) <= 1e-7) / 2))
  if (random) c(p = p, draws = DRAWS) else c(p = p)
}
ratio_test_row <- function(a, q) {
  g <- grouped_design(a, q); x <- cbind(g$groups, g$q$x); k <- seq_len(ncol(g$groups))
  if (a$kind == "time") found <- joint(cox_fit(g$q, x), k)
  else {
    if (g$q$stratified) x <- cbind(x, arm_columns(g$q$frame$arm))
    found <- joint(odds_fit(g$q, x)$fit, k + 1)
  }
  c(estimate = found[1], p = found[2])
}
group_ratio_row <- function(a, q) {
  g <- grouped_design(a, q); place <- match(a$level, colnames(g$groups)); x <- cbind(g$groups, g$q$x)
  if (a$kind == "time") return(ratio(cox_fit(g$q, x), place))
  if (g$q$stratified) x <- cbind(x, arm_columns(g$q$frame$arm))
  fitted <- odds_fit(g$q, x)
  ratio(fitted$fit, 1 + match(a$level, colnames(fitted$x)))
}
score_ratio_row <- function(a, q) {
  x <- cbind(score = score_design(q), q$x)
  if (a$kind == "time") return(ratio(cox_fit(q, x), 1))
  if (q$stratified) x <- cbind(x, arm_columns(q$frame$arm))
  ratio(odds_fit(q, x)$fit, 2)
}
delong <- function(value, case) {
  a <- value[case == 1]; b <- value[case == 0]
  beats <- outer(a, b, function(u, v) (u > v) + 0.5 * (u == v))
  c(area = mean(beats), variance = var(rowMeans(beats)) / length(a) + var(colMeans(beats)) / length(b))
}
area_row <- function(a, q) {
  d <- q$frame; strata <- if (q$stratified) d$arm else rep("", nrow(d))
  parts <- Filter(function(s) min(table(factor(s$y, 0:1))) >= 2, split(d, strata))
  if (!length(parts)) return(c(estimate = NA))
  found <- sapply(parts, function(s) delong(s$marker, s$y))
  weight <- sapply(parts, function(s) sum(s$y) * sum(1 - s$y) / (nrow(s) + 1)); weight <- weight / sum(weight)
  area <- sum(weight * found["area", ]); half <- qnorm(0.975) * sqrt(sum(weight^2 * found["variance", ])) / (area * (1 - area))
  interval <- plogis(qlogis(area) + c(-half, half))
  c(estimate = area, ci_low = interval[1], ci_high = interval[2], if (!is.na(a$p)) rank_p(a, q))
}
rank_p <- function(a, q) {
  d <- q$frame
  if (q$stratified) {
    ranks <- ave(d$marker, d$arm, FUN = function(v) rank(v) / (length(v) + 1))
    return(conditional(ranks, d$y, d$arm, FALSE)[c("p", "draws")])
  }
  if (grepl("normal approximation", a$method)) return(c(p = suppressWarnings(wilcox.test(marker ~ y, d, exact = FALSE))$p.value))
  c(p = as.numeric(pvalue(wilcox_test(marker ~ factor(y), d, distribution = "exact"))))
}
trend_row <- function(a, q) {
  d <- q$frame
  if (q$stratified) return(conditional(ave(d$marker, d$arm, FUN = rank), d$y, d$arm, FALSE))
  sets <- combn(sort(unique(d$y)), 2)
  jt <- function(m) sum(apply(sets, 2, function(s) sum(outer(m[d$y == s[2]], m[d$y == s[1]], function(u, v) (u > v) + 0.5 * (u == v)))))
  j <- jt(d$marker)
  n <- nrow(d); g <- as.numeric(table(d$y)); t <- as.numeric(table(d$marker)); f <- function(v) sum(v * (v - 1) * (2 * v + 5))
  variance <- (n * (n - 1) * (2 * n + 5) - f(g) - f(t)) / 72 + sum(g * (g - 1) * (g - 2)) * sum(t * (t - 1) * (t - 2)) / (36 * n * (n - 1) * (n - 2)) +
    sum(g * (g - 1)) * sum(t * (t - 1)) / (8 * n * (n - 1))
  middle <- (n^2 - sum(g^2)) / 4; z <- (j - middle) / sqrt(variance)
  if (grepl("permutation", a$method)) {
    extreme <- replicate(DRAWS, abs(jt(sample(d$marker)) - middle) >= abs(j - middle) - 1e-7)
    return(c(estimate = z, p = (1 + sum(extreme)) / (1 + DRAWS), draws = DRAWS))
  }
  c(estimate = z, p = 2 * pnorm(-abs(z)))
}
selected_row <- function(a, q) {
  d <- q$frame[order(q$frame$marker), ]; n <- nrow(d); rank <- rank(d$time, ties.method = "max")
  step <- d$event / (n - rank + 1); score <- d$event - sapply(d$time, function(t) sum(step[d$time <= t]))
  cut <- which(diff(d$marker) != 0); cut <- cut[cut >= floor(n * 0.1) & cut <= floor(n * 0.9)]
  highest <- function(s) max(abs(cumsum(s)[cut] - cut * mean(score)) / sqrt(cut * (n - cut) / n * var(score)))
  observed <- highest(score)
  c(estimate = observed, p = (1 + sum(replicate(DRAWS, highest(sample(score)) >= observed - 1e-7))) / (1 + DRAWS), draws = DRAWS)
}
exposure <- function(name, time) {
  rows <- adrs[adrs$PARAM == name, ]
  day <- num(rows$ADY)[match(names(time), rows$USUBJID)]
  if (all(is.na(num(rows$ADY)))) NULL else ifelse(day <= time, day, NA)
}
first_known <- function(names, time) { for (name in names) if (!is.null(day <- exposure(name, time))) return(day); NULL }
after_row <- function(a, q) {
  d <- q$frame; time <- setNames(d$time, d$id)
  day <- first_known(c("response_confirmed_days", "ttr_days_unconfirmed", "ttr_days"), time)
  length <- ifelse(d$time > 0, d$time, 0.5); change <- ifelse(!is.na(day) & day < length, pmax(day, 0), NA); had <- !is.na(change)
  start <- c(rep(0, nrow(d)), change[had]); stop <- c(ifelse(had, change, length), length[had])
  event <- c(ifelse(had, 0, d$event), d$event[had]); marker <- rep(0:1, c(nrow(d), sum(had)))
  x <- cbind(marker = marker, rbind(q$x, q$x[had, , drop = FALSE])); arm <- c(d$arm, d$arm[had]); keep <- stop > start
  f <- cox_penalised(stop[keep], event[keep], x[keep, , drop = FALSE], if (q$stratified) arm[keep], start[keep], q$firth)
  found <- c(ratio(penalised_fit(f, ncol(x), if (q$firth) nrow(d) else Inf), 1), n = nrow(d), events = sum(d$event))
  if (!grepl("Mantel-Byar", a$method)) return(found)
  blocks <- if (q$stratified) d$arm else rep("", nrow(d))
  c(found[names(found) != "p"], onset_p(length, d$event, ifelse(had, change, Inf), blocks))
}
# Log-rank of those in a state against those not (yet) in it; p by drawing who enters it on each day of onset.
onset_p <- function(time, event, onset, blocks, draws = 2000) {
  chi_square <- function(onset) {
    terms <- sapply(unique(blocks), function(block) {
      t <- time[blocks == block]; e <- event[blocks == block]; o <- onset[blocks == block]
      rowSums(sapply(sort(unique(t[e == 1])), function(at) {
        risk <- t >= at; n <- sum(risk); state <- sum(risk & o < at); dead <- t == at & e == 1; deaths <- sum(dead)
        c(sum(dead & o < at) - deaths * state / n, if (n > 1) deaths * (n - deaths) / (n - 1) * state / n * (1 - state / n) else 0)
      }))
    })
    sums <- rowSums(matrix(unlist(terms), 2)); if (sums[2] > 0) sums[1]^2 / sums[2] else NA
  }
  draw <- function() {
    drawn <- rep(Inf, length(time))
    for (block in unique(blocks)) for (day in sort(onset[blocks == block & is.finite(onset)])) {
      free <- which(blocks == block & time > day & is.infinite(drawn))
      if (length(free)) drawn[free[sample.int(length(free), 1)]] <- day
    }
    drawn
  }
  observed <- chi_square(onset); hits <- sum(replicate(draws, isTRUE(chi_square(draw()) >= observed - 1e-7)))
  c(p = (1 + hits) / (1 + draws), draws = draws)
}
landmark_row <- function(a, q) {
  landmark <- num(sub("by day ", "", a$level)); time <- setNames(q$frame$time, q$frame$id)
  day <- first_known(c("ttr_days_unconfirmed", "response_confirmed_days", "ttr_days"), time)
  marker <- as.numeric(!is.na(day) & day <= landmark); still <- q$frame$time > landmark
  q <- keep_rows(q, still); q$frame$time <- q$frame$time - landmark; marker <- marker[still]
  size <- c(n = nrow(q$frame), events = sum(q$frame$event))
  if (is.na(a$estimate)) return(size)
  found <- c(ratio(cox_fit(q, cbind(marker = marker, q$x)), 1), size)
  if (!grepl("by permutation", a$method)) return(found)
  q$frame$marker <- marker
  c(found[names(found) != "p"], permuted_logrank(q$frame, q$stratified)[c("p", "draws")])
}
interaction_parts <- function(a, q) {
  if (is.numeric(q$frame$marker)) return(list(q = q, main = cbind(score = score_design(q))))
  count <- table(q$frame$marker)[ordered_levels(q$frame$marker)]; large <- count[count >= num(a$smallest_group)]
  order <- if (a$biomarker == "subtype") intersect(words(a$subtype_order), names(large)) else names(large)
  levels <- order[order(-large[order])]
  q <- keep_rows(q, q$frame$marker %in% levels)
  list(q = q, main = dummies(q$frame$marker, levels[-1]))
}
interaction_row <- function(a, q) {
  i <- interaction_parts(a, q); arm <- as.matrix(arm_columns(i$q$frame$arm))
  products <- do.call(cbind, lapply(seq_len(ncol(i$main)), function(m) i$main[, m] * arm))
  if (a$kind == "time") return(residuals_row(i$q$frame, cbind(i$main, i$q$x), products))
  x <- cbind(i$main, arm, i$q$x, products); places <- ncol(x) - ncol(products) + seq_len(ncol(products))
  found <- joint(penalised_fit(logistic_penalised(i$q$frame$y, x), ncol(x) + 1), places + 1)
  c(estimate = found[1], p = found[2])
}
# Residuals of the model of the known columns against what they do not tell of the added ones, within arms.
residuals_row <- function(d, known, added) {
  best <- penalised_fit(cox_penalised(d$time, d$event, known, d$arm), ncol(known))$best$beta
  fit <- coxph(Surv(time, event) ~ known + strata(arm), d, init = best, ties = "breslow", control = coxph.control(iter.max = 0))
  left <- residuals(lm(added ~ known + factor(d$arm))); left <- matrix(left, nrow(d))
  data <- data.frame(value = residuals(fit, type = "martingale"), arm = factor(d$arm), left)
  formula <- reformulate(paste(setdiff(names(data), c("value", "arm")), collapse = " + "), "value")
  formula <- as.formula(paste(deparse1(formula), "| arm"))
  test <- function(...) independence_test(formula, data, teststat = "quadratic", ...)
  c(estimate = as.numeric(statistic(test())), drawn(test(distribution = approximate(nresample = DRAWS)), FALSE))
}
within_arm_row <- function(a, q) {
  i <- interaction_parts(a, q); parts <- strsplit(sub("^arm ", "", a$level), ": (?=[^:]*$)", perl = TRUE)[[1]]
  grouped <- !is.numeric(q$frame$marker); inside <- i$q$frame$arm == parts[1]
  x <- cbind(i$main, i$q$x)[inside, , drop = FALSE]; colnames(x) <- c(colnames(i$main), colnames(i$q$x)); x <- informative(x)
  place <- match(if (grouped) parts[2] else "score", colnames(x)); part <- keep_rows(i$q, inside)
  size <- c(n = nrow(part$frame), events = sum(part$frame$event))
  if (a$kind == "time") c(ratio(cox_fit(part, x, FALSE), place), size)
  else c(ratio(penalised_fit(logistic_penalised(part$frame$y, x), ncol(x) + 1), place + 1), size)
}
size_row <- function(a, q) {
  level <- a$level
  if (!is.na(level) && !startsWith(level, "cut at")) return(c(n = sum(q$frame$marker == level), events = sum(q$frame$event[q$frame$marker == level])))
  ranked_groups <- a$kind == "ordered" && is.character(q$frame$marker) && !is.na(a$p)
  if (!is.na(a$reference) || ranked_groups) q <- keep_rows(q, q$frame$marker %in% tested(q, num(a$smallest_group)))
  c(n = nrow(q$frame), events = sum(q$frame$event))
}
kind_of <- function(a) {
  m <- if (is.na(a$method)) "" else a$method; e <- if (is.na(a$effect)) "" else a$effect
  begins <- function(text) startsWith(m, text)
  if (a$source == "elsewhere") return(NULL)
  if (startsWith(m, "landmark") || (a$biomarker == "response" && grepl("^by day", a$level))) return(landmark_row)
  if (grepl("time-dependent", m)) return(after_row)
  if (is.na(a$estimate) && is.na(a$p)) return(if (e == "interaction with arm" || grepl("^arm ", a$level)) NULL else function(a, q) numeric())
  if (grepl("within the arm", m)) return(within_arm_row)
  if (e == "interaction with arm") return(interaction_row)
  if (begins("log-rank")) return(logrank_row)
  if (begins("generalised Cochran")) return(groups_row)
  if (begins("Kruskal")) return(function(a, q) groups_row(a, q, rank))
  if (begins("Fisher")) return(fisher_row)
  if (begins("likelihood-ratio")) return(ratio_test_row)
  if (e == "AUC") return(area_row)
  if (e == "z") return(trend_row)
  if (begins("maximally")) return(selected_row)
  if (e %in% c("HR", "OR")) return(group_ratio_row)
  if (e %in% c("HR per SD", "OR per SD")) return(score_ratio_row)
  NULL
}

# ---- adjustment over families and within questions, from the p of the results ----
adjust <- function(p, method) {
  if (method == "fixed_sequence") return(ifelse(is.na(p), NA, cummax(ifelse(is.na(p), 1, p))))
  p.adjust(p, c(holm = "holm", bh = "BH", none = "none")[[method]])
}
adjusted <- function() {
  p <- num(analyses$p); found <- rep(NA_real_, nrow(analyses)); reached <- c()
  key <- paste(analyses$entry, analyses$endpoint, analyses$biomarker, sep = "\r")
  test <- !duplicated(key) | analyses$effect %in% "interaction with arm"
  for (i in seq_len(nrow(families))) {
    rows <- which(test & analyses$family == families$family[i]); gate <- families$gate[i]
    own <- pmin(adjust(p[rows], families$method[i]) / num(families$share[i]), 1)
    before <- if (is.na(gate)) 0 else reached[[gate]]
    found[rows] <- pmax(own, before)
    reached[[families$family[i]]] <- if (length(rows) && all(is.finite(found[rows]))) max(found[rows]) else 1
  }
  block <- cumsum(test)
  for (b in unique(block)) {
    rows <- which(block == b); rest <- setdiff(rows, rows[test[rows]]); gate <- found[rows[1]]
    if (length(rest) && is.finite(gate)) found[rest] <- pmax(p.adjust(p[rest], "holm"), gate)
  }
  found
}

# ---- comparison ----
agree <- function(name, given, found, draws, arrangements) {
  if (is.na(given) && name == "events") return(TRUE)
  if (is.na(given) && (is.na(found) || is.infinite(found))) return(TRUE)
  if (is.na(given) || is.na(found)) return(FALSE)
  room <- max(1e-6 * max(1, abs(given)), 1e-6 * abs(given))
  if (name == "p" && !is.na(draws)) room <- 4.5 * sqrt(max(given * (1 - given), 1e-4) * (1 / draws + 1 / arrangements)) + 2 / draws
  abs(given - found) <= room
}
again <- function(i, p_adjusted) {
  a <- as.list(analyses[i, ]); row <- kind_of(a)
  if (is.null(row)) return(data.frame(row = i, quantity = NA, given = NA, found = NA, agrees = NA))
  q <- question(a)
  found <- row(a, q); size <- if ("n" %in% names(found)) c() else size_row(a, q)
  found <- c(found, size, p_adjusted = p_adjusted[i]); draws <- if ("draws" %in% names(found)) found[["draws"]] else NA
  wanted <- c("n", "events", "estimate", "ci_low", "ci_high", "p", "p_adjusted")
  given <- sapply(wanted, function(name) num(a[[name]]))
  value <- sapply(wanted, function(name) if (name %in% names(found)) unname(found[name]) else NA)
  arrangements <- max(num(regmatches(a$method, gregexpr("(?<=\\()[0-9]+", a$method, perl = TRUE))[[1]]), 100, na.rm = TRUE)
  agrees <- mapply(agree, wanted, given, value, draws, arrangements)
  data.frame(row = i, quantity = wanted, given = given, found = value, agrees = agrees)
}
p_adjusted <- adjusted()
all_rows <- do.call(rbind, lapply(seq_len(nrow(analyses)), function(i) tryCatch(again(i, p_adjusted), error = function(e) {
  message("row ", i, ": ", conditionMessage(e))
  data.frame(row = i, quantity = "error", given = NA, found = NA, agrees = FALSE)
})))
result <- cbind(analyses[all_rows$row, c("entry", "endpoint", "biomarker", "level", "method")], all_rows)
write.csv(result, "reproduced.csv", row.names = FALSE)
rows <- tapply(all_rows$agrees, all_rows$row, all); covered <- !is.na(rows)
cat(sprintf("%d rows: %d reproduced, %d differ, %d not covered\n", length(rows), sum(rows, na.rm = TRUE), sum(!rows, na.rm = TRUE), sum(!covered)))
differing <- result[!is.na(result$agrees) & !result$agrees, ]
if (nrow(differing)) print(differing, row.names = FALSE)
quit(status = if (nrow(differing)) 1 else 0)
