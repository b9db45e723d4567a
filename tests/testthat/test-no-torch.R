# Groups, spaces and representations need no torch: with Python's torch made unfindable, all of this still runs.

test_that("groups work where there is no torch", {
  skip_if_no_python()
  block <- paste(
    "import importlib.abc, sys",
    "class NoTorch(importlib.abc.MetaPathFinder):",
    "    def find_spec(self, name, path=None, target=None):",
    "        if name.split('.')[0] == 'torch':",
    "            raise ModuleNotFoundError(\"No module named 'torch'\", name='torch')",
    "sys.meta_path.insert(0, NoTorch())",
    sep = "\\n"
  )
  out <- r_session(c(
    sprintf("reticulate::py_run_string(\"%s\")", gsub("\"", "\\\\\"", block)),
    "stopifnot(intertwine_available(torch = FALSE), !intertwine_available())",
    "pdf(NULL)",
    "G <- octahedral_group()",
    "g <- group_element(G, angle = pi / 2, axis = c(0, 0, 1))",
    "print(g * g)",
    "print(irrep(G, label = 1)(g))",
    "print(gspace_flip_rot2d(N = 4))",
    "invisible(list(character_table(G), cayley_table(G), subgroups(G), quotient_repr(G, subgroup = 'C4')))",
    "square <- group_from_matrices(list(rbind(c(0, -1), c(1, 0))))",
    "plot(gspace(square)); plot(G); plot(irreps(dihedral_group(3))); plot(cayley_table(square))",
    "print(intertwine_sitrep())",
    "condition <- tryCatch(r2_conv(field_type(gspace_rot2d(4), trivial = 1), c(regular = 1), 3), error = identity)",
    "print(class(condition)[1])",
    "cat(conditionMessage(condition), '\\n')",
    "stopifnot(!'torch' %in% reticulate::py_eval(\"list(__import__('sys').modules)\"))",
    "cat('done\\n')"
  ))
  expect_identical(utils::tail(out, 1), "done")
  expect_true("180 deg about (0, 0, 1)" %in% out)
  expect_true(any(grepl("No module named 'torch'. Groups work, networks do not.", out, fixed = TRUE)))
  expect_true(any(grepl("intertwine_error_missing_dependency", out)))
  expect_true(any(grepl("install_intertwine()", out, fixed = TRUE)))
})

test_that("groups start no torch where there is one", {
  skip_if_no_python()
  out <- r_session(c(
    "print(character_table(dihedral_group(3))[3, 2])",
    "print(irrep(so3_group(), frequency = 2)(group_identity(so3_group()))[1, 1])",
    "print(reticulate::py_eval(\"'torch' in __import__('sys').modules\"))"
  ))
  expect_identical(utils::tail(out, 1), "[1] FALSE")
})
