# Names of columns that are made from the user's own words: levels, columns of `y`, metrics.

#' Names of new columns, all different from each other and from those that are taken.
#'
#' A name stays as it is where it is free; else it gets the first free number behind: `.pred_class_2`.
#' @noRd
column_names <- function(wanted, taken = character()) {
  wanted[is.na(wanted)] <- "NA"
  # those that can stay do, whatever comes before them
  stays <- !duplicated(wanted) & !(wanted %in% taken)
  taken <- c(taken, wanted[stays])
  for (k in which(!stays)) {
    number <- 2
    while (paste0(wanted[k], "_", number) %in% taken) number <- number + 1
    wanted[k] <- paste0(wanted[k], "_", number)
    taken <- c(taken, wanted[k])
  }
  wanted
}

#' Columns beside those of the user's data frame, which keep their names: where they have one of ours, ours changes, and
#' that is said.
#' @noRd
columns_beside <- function(data, added, call = rlang::caller_env()) {
  names <- column_names(names(added), names(data))
  changed <- names != names(added)
  if (any(changed)) {
    warn_intertwine(
      "`newdata` has a column {dQuote(names(added)[changed][1], FALSE)} already; the new one is called
       {dQuote(names[changed][1], FALSE)}.",
      "columns",
      hint = "Rename yours to have the usual names.", call = call
    )
  }
  names(added) <- names
  cbind(data, added)
}

#' A table with the columns of the table that a network was fitted to, in their order; others are left out.
#' @noRd
match_columns <- function(x, columns, arg = "newdata", call = rlang::caller_env()) {
  if (is.null(columns) || !(is.data.frame(x) || is.matrix(x)) || is.null(colnames(x))) {
    return(x)
  }
  lacking <- setdiff(columns, colnames(x))
  if (length(lacking)) {
    abort_intertwine(
      "`{arg}` has no column {dQuote(lacking[1], FALSE)}, which the network was fitted to.",
      class = "shape", hint = "It was fitted to {listed(columns, quote = TRUE)}.", call = call
    )
  }
  if (identical(colnames(x), columns)) x else x[, columns, drop = FALSE]
}
