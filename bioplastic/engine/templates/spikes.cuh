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

// Place of the first spike of a neuron from here on, where spikes come lane by lane.
static __device__ int32_t _first_spike(const int32_t* spikes, int32_t n_spikes, int64_t neuron)
{
    int32_t first = 0, end = n_spikes;
    while (first < end)
    {
        const int32_t middle = first + (end - first)/2;
        if (spikes[middle] < neuron) first = middle + 1;
        else end = middle;
    }
    return first;
}

// Spikes of the samples, step by step.
static __global__ void _fire(const int64_t* first, const int32_t* units, int32_t* spikes, int64_t n)
{
    const int64_t begin = first[_now.step], end = first[_now.step + 1];
    for (int64_t k=_thread(); k<end - begin; k+=_n_threads()) spikes[k] = units[begin + k];
    if (_thread() == 0) spikes[n] = (int32_t)(end - begin);
}

// A population whose spikes are handed back: its first place among all, its neurons in a lane, and
// the number of the first of them.
struct _Watched { int32_t base; int64_t n; int32_t first; };

// Spikes to be handed back, in the order in which they came.
struct _Recorded
{
    struct Spike { int32_t step, unit; };

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

    std::vector<Spike> fetch()
    {
        const int64_t n = _number(number);
        std::vector<int32_t> own_steps(n), own_units(n);
        std::vector<Spike> spikes(n);
        _to_host(own_steps.data(), steps, n);
        _to_host(own_units.data(), units, n);
        for (int64_t k=0; k<n; k++) spikes[k] = {own_steps[k], own_units[k]};
        _clear(number, 1);
        return spikes;
    }
};

static __global__ void _record(const int32_t* spikes, int64_t n, int32_t base, int64_t* number,
                               int32_t* steps, int32_t* units)
{
    const int64_t begin = *number;
    for (int32_t k=threadIdx.x; k<spikes[n]; k+=blockDim.x)
    {
        steps[begin + k] = (int32_t)_now.step;
        units[begin + k] = base + spikes[k];
    }
    __syncthreads();
    if (threadIdx.x == 0) *number = begin + spikes[n];
}
