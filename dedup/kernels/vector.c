#define PY_SSIZE_T_CLEAN
#include <Python.h>

#include "vector.h"

typedef struct {
    PyObject_HEAD
    vector held;
} owner;

static int owner_getbuffer(PyObject *self, Py_buffer *view, int flags)
{
    vector *held = &((owner *)self)->held;
    static char nothing[1];
    return PyBuffer_FillInfo(view, self, held->data ? held->data : nothing, (Py_ssize_t)held->size,
                             0, flags);
}

static void owner_dealloc(PyObject *self)
{
    PyTypeObject *type = Py_TYPE(self);
    freefunc release = (freefunc)PyType_GetSlot(type, Py_tp_free);
    vector_free(&((owner *)self)->held);
    release(self);
    Py_DECREF(type);
}

static PyType_Slot slots[] = {
    {Py_bf_getbuffer, owner_getbuffer},
    {Py_tp_dealloc, owner_dealloc},
    {Py_tp_doc, "Memory that a kernel filled."},
    {0, NULL},
};

static PyType_Spec spec = {
    "medsmith.dedup.kernels._native.Memory", sizeof(owner), 0,
    Py_TPFLAGS_DEFAULT | Py_TPFLAGS_DISALLOW_INSTANTIATION, slots,
};

int vector_ready(PyObject *module)
{
    PyObject *type = PyType_FromSpec(&spec);
    if (!type)
        return -1;
    int status = PyModule_AddObjectRef(module, "Memory", type);
    Py_DECREF(type);
    return status;
}

PyObject *vector_give(PyObject *module, vector *array)
{
    PyObject *type = PyObject_GetAttrString(module, "Memory");
    if (!type)
        return NULL;
    allocfunc allocate = (allocfunc)PyType_GetSlot((PyTypeObject *)type, Py_tp_alloc);
    PyObject *self = allocate((PyTypeObject *)type, 0);
    Py_DECREF(type);
    if (!self)
        return NULL;
    if (array->data && array->size < array->capacity) {
        char *data = realloc(array->data, array->size ? array->size : 1);
        if (data)
            array->data = data;
    }
    ((owner *)self)->held = *array;
    memset(array, 0, sizeof *array);
    return self;
}
