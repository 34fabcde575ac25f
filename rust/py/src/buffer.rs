//! Python buffers as slices, and memory of ours as Python buffers. The only file of this crate with `unsafe`.
//!
//! In: objects with the buffer protocol. Out: slices that live as long as a guard; [`Scratch`], which owns
//! memory that a callback may look into. Promise: no Python object ever points into memory that the engine
//! owns: a view that outlives its call keeps the [`Scratch`] alive and the engine goes on with other memory.
//! As with every buffer in Python, nothing keeps another thread from writing to bytes that are being read here.

use pyo3::exceptions::{PyBufferError, PyTypeError};
use pyo3::ffi;
use pyo3::prelude::*;
use pyo3::types::PyBytes;
use std::ffi::{c_int, c_void};
use std::mem::MaybeUninit;
use std::ptr;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

/// A contiguous view of somebody's bytes, released when dropped.
pub struct View {
    raw: Box<ffi::Py_buffer>,
}

// SAFETY: the view pins the exporter's memory; only the slice is used on other threads, and releasing attaches.
unsafe impl Send for View {}
// SAFETY: as above; shared access reads the slice only.
unsafe impl Sync for View {}

impl View {
    fn get(object: &Bound<'_, PyAny>, flags: c_int) -> PyResult<View> {
        let mut raw = MaybeUninit::<ffi::Py_buffer>::zeroed();
        // SAFETY: `raw` is writable memory for a Py_buffer, and the call fills it when it returns 0.
        let code = unsafe { ffi::PyObject_GetBuffer(object.as_ptr(), raw.as_mut_ptr(), flags) };
        if code != 0 {
            return Err(PyErr::fetch(object.py()));
        }
        // SAFETY: filled by the successful call above. Py_buffer may be moved: its exporter keeps no address.
        Ok(View { raw: Box::new(unsafe { raw.assume_init() }) })
    }

    /// A view for reading; TypeError for what is no contiguous bytes-like object.
    pub fn reading(object: &Bound<'_, PyAny>) -> PyResult<View> {
        View::get(object, ffi::PyBUF_SIMPLE)
            .map_err(|error| type_error(object, &error, "a bytes-like object"))
    }

    /// A view for writing; TypeError for what is read-only.
    pub fn writing(object: &Bound<'_, PyAny>) -> PyResult<View> {
        View::get(object, ffi::PyBUF_WRITABLE)
            .map_err(|error| type_error(object, &error, "a writable contiguous buffer"))
    }

    /// How many bytes there are.
    pub fn len(&self) -> usize {
        usize::try_from(self.raw.len).unwrap_or(0)
    }

    /// The bytes.
    pub fn as_slice(&self) -> &[u8] {
        if self.len() == 0 {
            return &[];
        }
        // SAFETY: the buffer protocol promises `len` contiguous bytes at `buf` until the view is released.
        unsafe { std::slice::from_raw_parts(self.raw.buf.cast(), self.len()) }
    }

    /// The bytes for writing; only for views made by [`View::writing`].
    pub fn as_mut_slice(&mut self) -> &mut [u8] {
        if self.len() == 0 || self.raw.readonly != 0 {
            return &mut [];
        }
        // SAFETY: as above, and the exporter agreed to writing.
        unsafe { std::slice::from_raw_parts_mut(self.raw.buf.cast(), self.len()) }
    }
}

impl Drop for View {
    fn drop(&mut self) {
        let raw: *mut ffi::Py_buffer = &raw mut *self.raw;
        // SAFETY: the view was filled by PyObject_GetBuffer and is released once, with the interpreter attached.
        Python::attach(|_| unsafe { ffi::PyBuffer_Release(raw) });
    }
}

fn type_error(object: &Bound<'_, PyAny>, error: &PyErr, wanted: &str) -> PyErr {
    let kind = object.get_type();
    let name = kind.name().map_or_else(|_| "object".to_owned(), |n| n.to_string());
    let detail = error.value(object.py()).to_string();
    PyTypeError::new_err(format!("expected {wanted}, not {name} ({detail})"))
}

/// Bytes to read: `bytes` as they are, anything else through a view.
pub enum Input<'py> {
    /// An exact `bytes` object, which cannot change.
    Bytes(Bound<'py, PyBytes>),
    /// Anything else.
    View(View),
}

impl<'py> Input<'py> {
    /// Takes any contiguous bytes-like object.
    pub fn new(object: &Bound<'py, PyAny>) -> PyResult<Input<'py>> {
        match object.cast_exact::<PyBytes>() {
            Ok(bytes) => Ok(Input::Bytes(bytes.clone())),
            Err(_) => View::reading(object).map(Input::View),
        }
    }

    /// The bytes.
    pub fn as_slice(&self) -> &[u8] {
        match self {
            Input::Bytes(bytes) => bytes.as_bytes(),
            Input::View(view) => view.as_slice(),
        }
    }
}

/// New `bytes` of exactly `n` bytes, filled by `fill` without being zeroed first. `fill` must write all of them;
/// where it says it wrote fewer, the rest is zeroed.
pub fn new_bytes(
    py: Python<'_>,
    n: usize,
    fill: impl FnOnce(&mut [u8]) -> usize,
) -> PyResult<Bound<'_, PyBytes>> {
    let size = ffi::Py_ssize_t::try_from(n).map_err(|_| PyBufferError::new_err("too many bytes"))?;
    // SAFETY: a null source makes uninitialised bytes of that size, or null with an exception set. Nobody else
    // has the object while it is written, and every byte of it is written before it leaves.
    unsafe {
        let object = ffi::PyBytes_FromStringAndSize(ptr::null(), size);
        let bytes = Bound::from_owned_ptr_or_err(py, object)?.cast_into_unchecked::<PyBytes>();
        let data = ffi::PyBytes_AsString(bytes.as_ptr()).cast::<u8>();
        let done = fill(std::slice::from_raw_parts_mut(data, n)).min(n);
        ptr::write_bytes(data.add(done), 0, n - done);
        Ok(bytes)
    }
}

/// Memory of ours that a callback looks into.
#[pyclass(frozen, module = "securetransport._native")]
pub struct Scratch {
    memory: Mutex<Vec<u8>>,
    start: usize,
    end: usize,
    writable: bool,
    exports: AtomicUsize,
}

impl Scratch {
    /// Owns `memory` and shows `start..end` of it.
    pub fn new(memory: Vec<u8>, start: usize, end: usize, writable: bool) -> Scratch {
        let end = end.min(memory.len());
        Scratch {
            memory: Mutex::new(memory),
            start: start.min(end),
            end,
            writable,
            exports: AtomicUsize::new(0),
        }
    }

    /// Takes the memory back. Where a view is still alive the memory stays with it and a copy comes back.
    pub fn reclaim(&self) -> Vec<u8> {
        let mut memory = self.memory.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        if self.exports.load(Ordering::Acquire) == 0 { std::mem::take(&mut memory) } else { memory.clone() }
    }
}

#[pymethods]
impl Scratch {
    // SAFETY: called by the interpreter with a valid view to fill. The memory is not moved or freed while
    // `exports` is above 0: `reclaim` only takes it at 0, with the interpreter attached, as here.
    unsafe fn __getbuffer__(slf: Bound<'_, Self>, view: *mut ffi::Py_buffer, flags: c_int) -> PyResult<()> {
        let this = slf.get();
        if view.is_null() {
            return Err(PyBufferError::new_err("no view to fill"));
        }
        let mut memory = this.memory.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        if this.end > memory.len() {
            return Err(PyBufferError::new_err("the memory of this callback is no longer valid"));
        }
        let part = &mut memory[this.start..this.end];
        let (data, len) = (part.as_mut_ptr().cast::<c_void>(), part.len());
        let len = ffi::Py_ssize_t::try_from(len).map_err(|_| PyBufferError::new_err("too long"))?;
        let readonly = c_int::from(!this.writable);
        // SAFETY: `view` is valid; the data lives as argued above.
        let code = unsafe { ffi::PyBuffer_FillInfo(view, slf.as_ptr(), data, len, readonly, flags) };
        if code != 0 {
            return Err(PyErr::fetch(slf.py()));
        }
        this.exports.fetch_add(1, Ordering::AcqRel);
        Ok(())
    }

    // SAFETY: called by the interpreter once for each view that `__getbuffer__` filled.
    unsafe fn __releasebuffer__(&self, _view: *mut ffi::Py_buffer) {
        self.exports.fetch_sub(1, Ordering::AcqRel);
    }
}
