# Pictures as other packages hold them: EBImage's, terra's. None of these packages is needed.

#' A picture, or a list of them, as images(). What is of no such kind stays as it is.
#'
#' @param as_rows The rows, columns and layers of a raster of terra as an array.
#' @noRd
plain_pictures <- function(x, as_rows = function(x) getExportedValue("terra", "as.array")(x)) {
  if (is_ebimage(x)) {
    return(ebimage_pictures(x))
  }
  if (is_raster_of_terra(x)) {
    return(images(as_rows(x), "hwc"))
  }
  if (is.list(x) && !is.object(x) && length(x)) {
    if (all(vapply(x, is_raster_of_terra, NA))) {
      return(images(lapply(x, as_rows), "hwc"))
    }
    if (all(vapply(x, is_ebimage, NA))) {
      return(do.call(c, lapply(unname(x), ebimage_pictures)))
    }
  }
  x
}

is_ebimage <- function(x) isS4(x) && "Image" %in% class(x) && "colormode" %in% names(attributes(x))

is_raster_of_terra <- function(x) isS4(x) && "SpatRaster" %in% class(x)

#' EBImage runs along the width first; the third axis is colours if its mode says so, frames otherwise.
#' @noRd
ebimage_pictures <- function(x) {
  colour <- identical(as.integer(attr(x, "colormode")), 2L)
  values <- array(as.vector(x), dim(x))
  layout <- switch(as.character(length(dim(x))),
    "2" = "wh", "3" = if (colour) "whc" else "whn", "4" = "whcn",
    abort_intertwine("The picture has {length(dim(x))} dimensions, but images of EBImage have 2 to 4.", class = "shape")
  )
  images(values, layout)
}
