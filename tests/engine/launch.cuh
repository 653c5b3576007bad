// In place of the launch.cuh of a CUDA program: its kernels on a CPU, thread after thread, so that
// tests can run what needs a GPU otherwise. Threads of a block are fibers, which take turns where
// they wait for each other. With CUDA_ON_HOST=backwards they come in the opposite order, blocks
// included: what depends on it is wrong.
#pragma once
#include <csetjmp>
#include <map>
#include <ucontext.h>
#include "run.h"

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

// --- threads

// A fiber is entered by its context once, and then by jumps, which need no system call.
struct _Fiber
{
    ucontext_t context;
    std::jmp_buf place;
    std::vector<char> stack = std::vector<char>(1 << 17);
    bool has_begun, has_ended;
};
static std::vector<_Fiber> _fibers(_block_size);
static std::jmp_buf _scheduler;
static unsigned _running;
static bool _waits;  // whether a thread has waited for others
static void (*_entry)(void*);
static void* _entry_data;

static void _enter()
{
    _entry(_entry_data);
    _fibers[_running].has_ended = true;
    _longjmp(_scheduler, 1);
}

static void __syncthreads()
{
    _waits = true;
    if (!_setjmp(_fibers[_running].place)) _longjmp(_scheduler, 1);
}

// On to the next wait, or to the end.
static void _go_on(_Fiber& fiber)
{
    if (_setjmp(_scheduler)) return;
    if (fiber.has_begun) _longjmp(fiber.place, 1);
    fiber.has_begun = true;
    setcontext(&fiber.context);
}

static void _run_block(unsigned n_threads, bool backwards)
{
    for (unsigned k=0; k<n_threads; k++)
    {
        _Fiber& fiber = _fibers[k];
        getcontext(&fiber.context);
        fiber.context.uc_stack.ss_sp = fiber.stack.data();
        fiber.context.uc_stack.ss_size = fiber.stack.size();
        fiber.context.uc_link = 0;
        makecontext(&fiber.context, _enter, 0);
        fiber.has_begun = fiber.has_ended = false;
    }
    static unsigned n_left, k;  // no local variable outlives a jump
    for (n_left=n_threads; n_left; )
        for (k=0; k<n_threads; k++)
        {
            _running = backwards ? n_threads - 1 - k : k;
            if (_fibers[_running].has_ended) continue;
            threadIdx = dim3(_running);
            _go_on(_fibers[_running]);
            n_left -= _fibers[_running].has_ended;
        }
}

template<class Kernel, class... Arguments>
static void _launch(Kernel kernel, dim3 blocks, int block_size, Arguments... arguments)
{
    static std::map<void*, bool> known;  // whether the threads of a kernel wait for each other
    const char* order = std::getenv("CUDA_ON_HOST");
    const bool backwards = order && !std::strcmp(order, "backwards");
    auto call = [&]() { kernel(arguments...); };
    const unsigned n_threads = block_size > _block_size ? _block_size : block_size;
    const unsigned n_blocks = blocks.x*blocks.y;
    const bool waits = known.emplace((void*)kernel, true).first->second;
    gridDim = blocks;
    blockDim = dim3(n_threads);
    _entry_data = &call;
    _entry = [](void* data) { (*static_cast<decltype(call)*>(data))(); };
    _waits = false;
    for (unsigned block=0; block<n_blocks; block++)
    {
        const unsigned at = backwards ? n_blocks - 1 - block : block;
        blockIdx = dim3(at % blocks.x, at / blocks.x);
        if (waits) _run_block(n_threads, backwards);
        else for (unsigned k=0; k<n_threads; k++)
        {
            threadIdx = dim3(backwards ? n_threads - 1 - k : k);
            call();
        }
    }
    known[(void*)kernel] = waits && _waits;
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
template<class T> static T* _copied(const T* values, size_t n, size_t room = 0)
{
    T* data = _allocate<T>(n + room);
    _to_device(data, values, n);
    return data;
}
template<class T> static T* _copied(const std::vector<T>& values)
{
    return _copied(values.data(), values.size());
}
template<class T> static T _number(const T* data) { return *data; }
#define _set_on_device(variable, value) std::memcpy(&variable, &(value), sizeof(value))

static dim3 _up_to(int64_t n, int64_t most, int64_t rows = 1, int64_t most_rows = 1)
{
    most = most < 3 ? most : 3;
    most_rows = most_rows < 3 ? most_rows : 3;
    return dim3((unsigned)(n < 1 ? 1 : n < most ? n : most),
                (unsigned)(rows < 1 ? 1 : rows < most_rows ? rows : most_rows));
}
static dim3 _blocks_for(int64_t n, int64_t lanes = 1)
{
    return _up_to((n + _block_size - 1)/_block_size, 3, lanes, 3);
}

struct _Steps
{
    void run(void (*step)(int64_t), int64_t n) { for (; n > 0; n--) step(0); }
};
