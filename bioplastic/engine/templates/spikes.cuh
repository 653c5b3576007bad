#pragma once
#include <cstdint>

// Spikes of a step: an array of neurons in ascending order, with their number at its end. Behind it
// lie one bit for each neuron, and a count of the blocks that are done.

static __host__ __device__ int64_t _n_words(int64_t n)
{
    return _block_size/32*((n + _block_size - 1)/_block_size);
}
static int64_t _room_behind(int64_t n) { return _n_words(n) + 1; }

static __device__ int64_t _thread() { return (int64_t)blockIdx.x*blockDim.x + threadIdx.x; }
static __device__ int64_t _n_threads() { return (int64_t)gridDim.x*blockDim.x; }

// A block notes the spikes of the neurons that it looked at.
static __device__ void _note(uint32_t* words, int64_t tile, bool spikes)
{
    const unsigned word = __ballot_sync(0xffffffffu, spikes);
    if (threadIdx.x % 32 == 0) words[tile*(_block_size/32) + threadIdx.x/32] = word;
}

// Who comes last makes the list: its order does not depend on who that is.
static __device__ void _list_spikes(int32_t* spikes, uint32_t* words, int64_t n)
{
    __shared__ int is_last;
    __shared__ int32_t sums[_block_size];
    const int64_t n_words = _n_words(n);
    uint32_t* n_done = words + n_words;
    __threadfence();
    __syncthreads();
    if (threadIdx.x == 0) is_last = atomicAdd(n_done, 1u) + 1 == gridDim.x;
    __syncthreads();
    if (!is_last) return;
    __threadfence();
    int32_t total = 0;
    for (int64_t first=0; first<n_words; first+=_block_size)
    {
        const int64_t at = first + threadIdx.x;
        uint32_t word = at < n_words ? ((volatile uint32_t*)words)[at] : 0;
        const int32_t number = __popc(word);
        sums[threadIdx.x] = number;
        __syncthreads();
        for (int reach=1; reach<_block_size; reach*=2)
        {
            const int32_t before = threadIdx.x >= reach ? sums[threadIdx.x - reach] : 0;
            __syncthreads();
            sums[threadIdx.x] += before;
            __syncthreads();
        }
        int32_t next = total + sums[threadIdx.x] - number;
        for (; word; word &= word - 1) spikes[next++] = (int32_t)(at*32 + __ffs(word) - 1);
        total += sums[_block_size - 1];
        __syncthreads();
    }
    if (threadIdx.x == 0)
    {
        spikes[n] = total;
        *n_done = 0;
    }
}

// Spikes of the samples, step by step.
static __global__ void _fire(const int64_t* first, const int32_t* units, int32_t* spikes, int64_t n)
{
    const int64_t begin = first[_now.first + _now.step], end = first[_now.first + _now.step + 1];
    for (int64_t k=_thread(); k<end - begin; k+=_n_threads()) spikes[k] = units[begin + k];
    if (_thread() == 0) spikes[n] = (int32_t)(end - begin);
}

// Spikes to be handed back: their steps and units.
struct _Recorded
{
    static const int64_t least = 1 << 22;
    int64_t size = 0;
    int64_t* number = 0;
    int32_t *steps = 0, *units = 0;

    void prepare(int64_t n_neurons)
    {
        size = n_neurons > least ? n_neurons : least;
        number = _allocate<int64_t>(1);
        steps = _allocate<int32_t>(size);
        units = _allocate<int32_t>(size);
    }

    // Add the spikes of these steps, and begin anew.
    void fetch(std::vector<double>& times, std::vector<int32_t>& all_units, double dt)
    {
        int64_t n = 0;
        _to_host(&n, number, 1);
        const size_t before = all_units.size();
        std::vector<int32_t> own_steps(n);
        all_units.resize(before + n);
        _to_host(own_steps.data(), steps, n);
        _to_host(all_units.data() + before, units, n);
        for (const int32_t step : own_steps) times.push_back(step*dt);
        _clear(number, 1);
    }
};

static __global__ void _record(const int32_t* spikes, int64_t n, int32_t first, int64_t* number,
                               int32_t* steps, int32_t* units)
{
    const int64_t begin = *number;
    for (int32_t k=threadIdx.x; k<spikes[n]; k+=blockDim.x)
    {
        steps[begin + k] = (int32_t)_now.step;
        units[begin + k] = first + spikes[k];
    }
    __syncthreads();
    if (threadIdx.x == 0) *number = begin + spikes[n];
}
