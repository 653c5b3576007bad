// In place of the launch.cuh of a CUDA program: its kernels on a CPU, thread after thread, so that
// tests can run what needs a GPU otherwise. Threads of a block are fibers, which take turns where
// they wait for each other. With CUDA_ON_HOST=backwards they come in the opposite order, blocks
// included: what depends on it is wrong.
#pragma once
#include <cmath>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <string>
#include <tuple>
#include <vector>
#include <ucontext.h>

#define __global__
#define __device__
#define __host__
#define __constant__
#define __shared__ static
#define __launch_bounds__(...)

struct dim3
{
    unsigned x, y, z;
    dim3(unsigned x_ = 1, unsigned y_ = 1, unsigned z_ = 1) : x(x_), y(y_), z(z_) {}
};
static dim3 threadIdx, blockIdx, blockDim, gridDim;
static const int _block_size = 64;
static const int64_t _few_words = 2;

static void _fail(const std::string& what);

// --- threads

static std::vector<ucontext_t> _fibers(_block_size);
static std::vector<std::vector<char>> _stacks;
static std::vector<char> _ended(_block_size);
static ucontext_t _scheduler;
static int _running;
static void (*_entry)(void*);
static void* _entry_data;

static void _enter()
{
    _entry(_entry_data);
    _ended[_running] = 1;
    swapcontext(&_fibers[_running], &_scheduler);
}

static void __syncthreads()
{
    swapcontext(&_fibers[_running], &_scheduler);
}

static void _run_block(int n_threads, bool backwards)
{
    if (_stacks.empty()) _stacks.assign(_block_size, std::vector<char>(1 << 17));
    for (int k=0; k<n_threads; k++)
    {
        getcontext(&_fibers[k]);
        _fibers[k].uc_stack.ss_sp = _stacks[k].data();
        _fibers[k].uc_stack.ss_size = _stacks[k].size();
        _fibers[k].uc_link = 0;
        makecontext(&_fibers[k], _enter, 0);
        _ended[k] = 0;
    }
    for (int n_left=n_threads; n_left; )
        for (int k=0; k<n_threads; k++)
        {
            _running = backwards ? n_threads - 1 - k : k;
            if (_ended[_running]) continue;
            threadIdx = dim3(_running);
            swapcontext(&_scheduler, &_fibers[_running]);
            n_left -= _ended[_running];
        }
}

template<class Kernel, class... Arguments>
static void _launch(Kernel kernel, dim3 blocks, int block_size, Arguments... arguments)
{
    auto call = [&]() { kernel(arguments...); };
    const char* order = std::getenv("CUDA_ON_HOST");
    const bool backwards = order && std::string(order) == "backwards";
    if (block_size > _block_size) block_size = _block_size;
    gridDim = blocks;
    blockDim = dim3(block_size);
    _entry_data = &call;
    _entry = [](void* data) { (*static_cast<decltype(call)*>(data))(); };
    const unsigned n_blocks = blocks.x*blocks.y;
    for (unsigned k=0; k<n_blocks; k++)
    {
        const unsigned block = backwards ? n_blocks - 1 - k : k;
        blockIdx = dim3(block % blocks.x, block / blocks.x);
        _run_block(block_size, backwards);
    }
}

// --- what kernels call

static unsigned __ballot_sync(unsigned, bool holds)
{
    static char all[_block_size];
    all[threadIdx.x] = holds;
    __syncthreads();
    unsigned word = 0;
    for (unsigned k=0; k<32; k++) word |= (unsigned)all[threadIdx.x/32*32 + k] << k;
    __syncthreads();
    return word;
}
static void __threadfence() {}
static int __popc(unsigned word) { return __builtin_popcount(word); }
static int __ffs(unsigned word) { return __builtin_ffs((int)word); }
template<class T> static T atomicAdd(T* at, T value) { const T old = *at; *at += value; return old; }
template<class T> static T atomicMax(T* at, T value)
{
    const T old = *at;
    if (value > old) *at = value;
    return old;
}
static long long __double_as_longlong(double x) { long long y; std::memcpy(&y, &x, 8); return y; }
static double __longlong_as_double(long long x) { double y; std::memcpy(&y, &x, 8); return y; }
static double cospi(double x) { return std::cos(3.14159265358979323846*x); }
using std::max;
using std::isfinite;

// --- memory

static void _open_device() {}
static void _wait() {}
template<class T> static void _clear(T* data, size_t n) { std::memset((void*)data, 0, n*sizeof(T)); }
template<class T> static T* _allocate(size_t n) { return static_cast<T*>(std::calloc(n ? n : 1, sizeof(T))); }
template<class T> static void _to_device(T* to, const T* from, size_t n)
{
    if (n) std::memcpy(to, from, n*sizeof(T));
}
template<class T> static void _to_host(T* to, const T* from, size_t n) { _to_device(to, from, n); }
template<class T> static void _copy_on_device(T* to, const T* from, size_t n) { _to_device(to, from, n); }
template<class T> static T* _copied(const std::vector<T>& values)
{
    T* data = _allocate<T>(values.size());
    _to_device(data, values.data(), values.size());
    return data;
}
template<class T> static T _number(const T* data) { return *data; }
#define _set_on_device(variable, value) std::memcpy(&variable, &(value), sizeof(value))

static dim3 _blocks_for(int64_t n)
{
    const int64_t blocks = (n + _block_size - 1)/_block_size;
    return dim3((unsigned)(blocks < 1 ? 1 : blocks < 3 ? blocks : 3));
}
static dim3 _up_to(int64_t n, int64_t most, int64_t rows = 1, int64_t most_rows = 1)
{
    most = most < 3 ? most : 3;
    most_rows = most_rows < 3 ? most_rows : 3;
    return dim3((unsigned)(n < 1 ? 1 : n < most ? n : most),
                (unsigned)(rows < 1 ? 1 : rows < most_rows ? rows : most_rows));
}

struct _Steps
{
    void run(void (*step)(int64_t), int64_t n) { for (; n > 0; n--) step(0); }
};
