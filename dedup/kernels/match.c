#define PY_SSIZE_T_CLEAN
#include <Python.h>

static PyMethodDef methods[] = {{NULL, NULL, 0, NULL}};

static struct PyModuleDef module = {
    PyModuleDef_HEAD_INIT, "_match", "Kernels over Arrow buffers.", 0, methods, NULL, NULL, NULL, NULL,
};

PyMODINIT_FUNC PyInit__match(void) { return PyModuleDef_Init(&module); }
