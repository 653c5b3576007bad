#pragma once
#include <cuda_runtime.h>
#include "run.h"

// All that speaks to the CUDA runtime: memory, launches, and steps as a graph.

static cudaStream_t _stream;
static const int _block_size = 256;
static const int64_t _few_words = 1024;  // of spikes, which one block lists

static void _check(cudaError_t code)
{
    if (code != cudaSuccess) _fail("CUDA: %s", cudaGetErrorString(code));
}

static void _open_device()
{
    _check(cudaSetDevice(0));
    _check(cudaStreamCreate(&_stream));
}

static void _wait() { _check(cudaStreamSynchronize(_stream)); }

template<class T> static void _clear(T* data, size_t n)
{
    if (n) _check(cudaMemsetAsync(data, 0, n*sizeof(T), _stream));
}

template<class T> static T* _allocate(size_t n)
{
    T* data = 0;
    _check(cudaMalloc((void**)&data, (n ? n : 1)*sizeof(T)));
    _clear(data, n);
    return data;
}

template<class T> static void _to_device(T* to, const T* from, size_t n)
{
    if (n) _check(cudaMemcpyAsync(to, from, n*sizeof(T), cudaMemcpyHostToDevice, _stream));
}

template<class T> static void _to_host(T* to, const T* from, size_t n)
{
    if (n) _check(cudaMemcpyAsync(to, from, n*sizeof(T), cudaMemcpyDeviceToHost, _stream));
    _wait();
}

template<class T> static void _copy_on_device(T* to, const T* from, size_t n)
{
    if (n) _check(cudaMemcpyAsync(to, from, n*sizeof(T), cudaMemcpyDeviceToDevice, _stream));
}

// A copy, with room behind it.
template<class T> static T* _copied(const T* values, size_t n, size_t room = 0)
{
    T* data = _allocate<T>(n + room);
    _to_device(data, values, n);
    _wait();
    return data;
}

template<class T> static T* _copied(const std::vector<T>& values)
{
    return _copied(values.data(), values.size());
}

template<class T> static T _number(const T* data)
{
    T number;
    _to_host(&number, data, 1);
    return number;
}

// `value` is copied to a variable of the device.
#define _set_on_device(variable, value) \
    _check(cudaMemcpyToSymbolAsync(variable, &(value), sizeof(value), 0, cudaMemcpyHostToDevice, \
                                   _stream)); \
    _wait()

// Threads take turns with more elements than there are threads.
static dim3 _up_to(int64_t n, int64_t most, int64_t rows = 1, int64_t most_rows = 1)
{
    return dim3((unsigned)(n < 1 ? 1 : n < most ? n : most),
                (unsigned)(rows < 1 ? 1 : rows < most_rows ? rows : most_rows));
}

static dim3 _blocks_for(int64_t n, int64_t lanes = 1)
{
    return _up_to((n + _block_size - 1)/_block_size, 8192, lanes, 1024);
}

template<class Kernel, class... Arguments>
static void _launch(Kernel kernel, dim3 blocks, int block_size, Arguments... arguments)
{
    kernel<<<blocks, block_size, 0, _stream>>>(arguments...);
    _check(cudaGetLastError());
}

// The same launches come in every step: recorded once, many of them are sent off together.
struct _Steps
{
    static constexpr int many = 16;
    cudaGraphExec_t one = 0, sixteen = 0;

    static cudaGraphExec_t record(void (*step)(int64_t), int n)
    {
        cudaGraph_t graph;
        cudaGraphExec_t recorded;
        _check(cudaStreamBeginCapture(_stream, cudaStreamCaptureModeThreadLocal));
        for (int k=0; k<n; k++) step(0);
        _check(cudaStreamEndCapture(_stream, &graph));
        _check(cudaGraphInstantiate(&recorded, graph, 0));
        _check(cudaGraphDestroy(graph));
        return recorded;
    }

    void run(void (*step)(int64_t), int64_t n)
    {
        if (!one && n > 0)
        {
            step(0);  // kernels are loaded when they are launched first
            n--;
            one = record(step, 1);
            sixteen = record(step, many);
        }
        for (; n >= many; n-=many) _check(cudaGraphLaunch(sixteen, _stream));
        for (; n > 0; n--) _check(cudaGraphLaunch(one, _stream));
    }
};
