#define PY_SSIZE_T_CLEAN
#include <Python.h>

#include "native.h"
#include "norm.h"

PyObject *native_give(PyObject *module, vector *arrays, Py_ssize_t count)
{
    PyObject *result = PyTuple_New(count);
    for (Py_ssize_t i = 0; result && i < count; i++) {
        PyObject *memory = vector_give(module, &arrays[i]);
        PyObject *view = memory ? PyMemoryView_FromObject(memory) : NULL;
        Py_XDECREF(memory);
        if (!view || PyTuple_SetItem(result, i, view))
            Py_CLEAR(result);
    }
    for (Py_ssize_t i = 0; i < count; i++)
        vector_free(&arrays[i]);
    return result;
}

int64_t *native_offsets(const Py_buffer *view, Py_ssize_t rows)
{
    if (view->len / 8 != rows + 1) {
        PyErr_SetString(PyExc_ValueError, "offsets must have one number more than there are rows");
        return NULL;
    }
    return (int64_t *)view->buf;
}

static PyObject *properties(PyObject *module, PyObject *args)
{
    (void)module;
    (void)args;
    PyObject *result = PyBytes_FromStringAndSize(NULL, 0x110000);
    if (!result)
        return NULL;
    char *bytes = PyBytes_AsString(result);
    for (uint32_t point = 0; point < 0x110000; point++)
        bytes[point] = (char)(norm_entry(point) & 0xFF);
    return result;
}

static PyMethodDef methods[] = {
    {"properties", properties, METH_NOARGS, "The low byte of each code point's entry."},
    {"tokenise", native_tokenise, METH_VARARGS, "Hashes and places of each row's tokens."},
    {"shingle_sets", native_shingle_sets, METH_VARARGS, "The set of each row's shingles."},
    {"sketch", native_sketch, METH_VARARGS, "MinHash signatures, digests and counts of each row."},
    {"similarities", native_similarities, METH_VARARGS, "Jaccard and containment of pairs."},
    {"structured_sets", native_structured_sets, METH_VARARGS, "The set of each form's fields."},
    {"numeric_sets", native_numeric_sets, METH_VARARGS, "The multiset of each row's numbers."},
    {NULL, NULL, 0, NULL},
};

static int execute(PyObject *module)
{
    return PyModule_AddStringConstant(module, "UNICODE_VERSION", NORM_UNICODE_VERSION) ||
                   vector_ready(module)
               ? -1
               : 0;
}

static PyModuleDef_Slot module_slots[] = {{Py_mod_exec, execute}, {0, NULL}};

static struct PyModuleDef module = {
    PyModuleDef_HEAD_INIT, "_native", "Kernels over Arrow buffers.", 0, methods, module_slots,
    NULL, NULL, NULL,
};

PyMODINIT_FUNC PyInit__native(void) { return PyModuleDef_Init(&module); }
