# Data that come with the package.

#' A volume of a head
#'
#' The middle of a human head as magnetic resonance shows it, spatially normalised: 33 x 41 x 25 voxels of 2 mm. It is
#' small and real, for examples and tests.
#'
#' @return [images()] of one volume with values from 0 to 1: the width runs to the person's right, the height
#'   from the front to the back, and the depth from the top down.
#' @source `anatomical.nii` of the tests of NiBabel (Brett, Hanke, and others, <https://nipy.org/nibabel>), which is
#'   under the MIT licence; see `system.file("extdata", "README.md", package = "intertwine")`.
#' @seealso [images()], [plot.images()], [r3_conv()]
#' @export
#' @examples
#' head <- mri_data()
#' head
#' plot(head, slices = 6)
mri_data <- function() {
  voxels <- readRDS(data_file("mri.rds"))
  # one voxel in a thousand is brighter, up to twice
  images(pmin(pmax(voxels, 0), 15000), layout = "whd", origin = "bottom", range = c(0, 15000))
}

#' Small molecules
#'
#' The 148 molecules of the G2/97 test set: which atoms they have, where these are, and how much energy it takes to
#' part them.
#'
#' @param molecules Names of molecules, such as `"CH4"`; all of them if `NULL`.
#' @param ... Not used: an unknown argument is refused, and the nearest one named.
#' @return A list of two data frames. `molecules`, with a row for each: its name `molecule`, a `description` with its
#'   symmetry, the number of its `atoms`, the experimental `enthalpy` of formation at 298 K and the `atomization`
#'   energy, in kcal/mol. `atoms`, with a row for each atom: the `molecule` (a factor with the levels in the order of
#'   the first data frame), the `element`, and its place `x`, `y`, `z` in angstrom.
#' @source Curtiss, Raghavachari, Redfern and Pople, J. Chem. Phys. 106, 1063 (1997), \doi{10.1063/1.473182}; thermal
#'   corrections of Staroverov, Scuseria, Tao and Perdew, J. Chem. Phys. 119, 12129 (2003), \doi{10.1063/1.1626543}.
#' @seealso [r3_point_conv()], [radius_graph()]
#' @export
#' @examples
#' molecules_data(c("H2O", "CH4"))
#' molecules <- molecules_data()
#' nrow(molecules$molecules)
#' table(molecules$atoms$element)
molecules_data <- function(molecules = NULL, ...) {
  known <- utils::read.csv(data_file("molecules.csv"))
  atoms <- utils::read.csv(data_file("atoms.csv"))
  if (!is.null(molecules)) {
    strange <- setdiff(molecules, known$molecule)
    if (!is.character(molecules) || length(strange)) {
      what <- if (length(strange)) dQuote(strange[1], FALSE) else describe_value(molecules)
      abort_intertwine(
        "There is no molecule {what} in the data.",
        hint = paste(c(did_you_mean(what, known$molecule, "\""), "molecules_data()$molecules lists them."), collapse = " ")
      )
    }
    known <- known[match(molecules, known$molecule), ]
    atoms <- atoms[atoms$molecule %in% molecules, ]
    atoms <- atoms[order(match(atoms$molecule, molecules)), ]
  }
  atoms$molecule <- factor(atoms$molecule, levels = known$molecule)
  rownames(known) <- rownames(atoms) <- NULL
  list(molecules = known, atoms = atoms)
}

data_file <- function(name) {
  system.file("extdata", name, package = "intertwine", mustWork = TRUE)
}

#' The handwritten digits of scikit-learn
#'
#' 1797 real grey images of 8 x 8 pixels, written by 43 people, that come with
#' scikit-learn. Nothing is downloaded.
#'
#' @return A list of `x`, the [images()] with values from 0 (paper) to 1 (ink),
#'   and `y`, a factor with the levels "0" to "9".
#' @source E. Alpaydin, C. Kaynak, "Optical Recognition of Handwritten Digits",
#'   UCI Machine Learning Repository (1998), \doi{10.24432/C50P49}.
#' @examplesIf intertwine::intertwine_available()
#' digits <- digits_data()
#' digits$x
#' table(digits$y)
#' @export
digits_data <- function() {
  digits <- py_call_checked("_r.pictures.digits")
  list(
    x = images(digits$x, layout = "nhw", range = c(0, 16)),
    y = factor(digits$y, levels = 0:9)
  )
}
