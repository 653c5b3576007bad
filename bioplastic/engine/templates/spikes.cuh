#pragma once
#include <cstdint>
#include <vector>

// Spikes of a step: an array of neurons in ascending order, with their number at its end. Behind it
// lie one bit for each neuron, a count of the blocks that are done, and how many spikes each found.

static const int64_t _most_blocks = 1024;

static __host__ __device__ int64_t _n_tiles(int64_t n) { return (n + _block_size - 1)/_block_size; }
static __host__ __device__ int64_t _n_words(int64_t n) { return _block_size/32*_n_tiles(n); }
static int64_t _room_behind(int64_t n) { return _n_words(n) + 1 + _most_blocks; }

static __device__ int64_t _thread() { return (int64_t)blockIdx.x*blockDim.x + threadIdx.x; }
static __device__ int64_t _all_threads() { return (int64_t)gridDim.x*blockDim.x; }

// Neurons are shared out in tiles of a block's size, to every block those that lie side by side.
static __device__ int64_t _tile_of(int64_t n, unsigned block)
{
    return block*((_n_tiles(n) + gridDim.x - 1)/gridDim.x);
}

static __device__ void _note(uint32_t* words, int64_t tile, bool spikes)
{
    const unsigned word = __ballot_sync(0xffffffffu, spikes);
    if (threadIdx.x % 32 == 0) words[tile*(_block_size/32) + threadIdx.x/32] = word;
}

// A number of each thread, summed over the threads up to it.
static __device__ int32_t _summed(int32_t number, int32_t* sums)
{
    __syncthreads();
    sums[threadIdx.x] = number;
    __syncthreads();
    for (int reach=1; reach<_block_size; reach*=2)
    {
        const int32_t before = threadIdx.x >= reach ? sums[threadIdx.x - reach] : 0;
        __syncthreads();
        sums[threadIdx.x] += before;
        __syncthreads();
    }
    return sums[threadIdx.x];
}

// A block lists the spikes of some words from a place on; returns the place behind them.
static __device__ int32_t _list_words(int32_t* spikes, const uint32_t* words, int64_t first,
                                      int64_t end, int32_t place)
{
    __shared__ int32_t sums[_block_size];
    for (; first<end; first+=_block_size)
    {
        const int64_t at = first + threadIdx.x;
        uint32_t word = at < end ? ((const volatile uint32_t*)words)[at] : 0;
        const int32_t number = __popc(word);
        int32_t next = place + _summed(number, sums) - number;
        if (spikes)
            for (; word; word &= word - 1) spikes[next++] = (int32_t)(at*32 + __ffs(word) - 1);
        place += sums[_block_size - 1];
    }
    return place;
}

// The last of the blocks makes the list, where it is short, or finds out where each begins: the
// order of spikes does not depend on which that is.
static __device__ void _list_spikes(int32_t* spikes, uint32_t* words, int64_t n)
{
    __shared__ int is_last;
    __shared__ int32_t sums[_block_size];
    const int64_t n_words = _n_words(n), per_tile = _block_size/32;
    uint32_t* n_done = words + n_words;
    int32_t* begins = (int32_t*)(n_done + 1);
    const bool is_short = n_words <= _few_words;
    if (!is_short)
    {
        __syncthreads();
        const int64_t end = per_tile*_tile_of(n, blockIdx.x + 1);
        const int32_t number = _list_words(0, words, per_tile*_tile_of(n, blockIdx.x),
                                           end < n_words ? end : n_words, 0);
        if (threadIdx.x == 0) begins[blockIdx.x] = number;
    }
    __threadfence();
    __syncthreads();
    if (threadIdx.x == 0) is_last = atomicAdd(n_done, 1u) + 1 == gridDim.x;
    __syncthreads();
    if (!is_last) return;
    __threadfence();
    int32_t total = 0;
    if (is_short) total = _list_words(spikes, words, 0, n_words, 0);
    else
        for (unsigned first=0; first<gridDim.x; first+=_block_size)
        {
            const unsigned block = first + threadIdx.x;
            const int32_t number = block < gridDim.x ? ((volatile int32_t*)begins)[block] : 0;
            const int32_t up_to = _summed(number, sums);
            if (block < gridDim.x) begins[block] = total + up_to - number;
            total += sums[_block_size - 1];
        }
    if (threadIdx.x == 0)
    {
        spikes[n] = total;
        *n_done = 0;
    }
}

static __global__ void _write_list(int32_t* spikes, const uint32_t* words, int64_t n)
{
    const int64_t n_words = _n_words(n), per_tile = _block_size/32;
    const int64_t end = per_tile*_tile_of(n, blockIdx.x + 1);
    _list_words(spikes, words, per_tile*_tile_of(n, blockIdx.x), end < n_words ? end : n_words,
                ((const int32_t*)(words + n_words + 1))[blockIdx.x]);
}

// `kernel` notes which neurons spike and calls _list_spikes.
template<class Kernel, class... Arguments>
static void _launch_threshold(Kernel kernel, int64_t n, int32_t* spikes, Arguments... arguments)
{
    const dim3 blocks((unsigned)(_n_tiles(n) < _most_blocks ? _n_tiles(n) : _most_blocks));
    uint32_t* words = (uint32_t*)(spikes + n + 1);
    _launch(kernel, blocks, _block_size, n, spikes, words, arguments...);
    if (_n_words(n) > _few_words) _launch(_write_list, blocks, _block_size, spikes, words, n);
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
    for (int64_t k=_thread(); k<end - begin; k+=_all_threads()) spikes[k] = units[begin + k];
    if (_thread() == 0) spikes[n] = (int32_t)(end - begin);
}

// A population whose spikes are handed back: its neurons in a lane, and the place of the first.
struct _Spiking { int64_t n, first; };

// Spikes to be handed back, in the order in which they came. `ends` says how many there were before
// each step and population of the slot, `fetched` how many of them are no longer here.
struct _Found
{
    struct Spike { int32_t step, unit; };

    static constexpr int64_t least = 1 << 22;
    std::vector<_Spiking> populations;
    int64_t size = 0;
    int64_t *ends = 0, *fetched = 0;
    int32_t *steps = 0, *units = 0;

    void prepare(int64_t n_neurons, int64_t n_steps)
    {
        size = n_neurons > least ? n_neurons : least;
        ends = _allocate<int64_t>(n_steps*populations.size() + 1);
        fetched = _allocate<int64_t>(1);
        steps = _allocate<int32_t>(size);
        units = _allocate<int32_t>(size);
    }

    void begin_slot()
    {
        _clear(ends, 1);
        _clear(fetched, 1);
    }

    std::vector<Spike> fetch(int64_t n_steps)
    {
        const int64_t all = _number(ends + n_steps*populations.size()), n = all - _number(fetched);
        std::vector<int32_t> own_steps(n), own_units(n);
        std::vector<Spike> spikes(n);
        _to_host(own_steps.data(), steps, n);
        _to_host(own_units.data(), units, n);
        for (int64_t k=0; k<n; k++) spikes[k] = {own_steps[k], own_units[k]};
        _to_device(fetched, &all, 1);
        _wait();
        return spikes;
    }

    void record(const int32_t* spikes, int64_t population);
};

static __global__ void _record(const int32_t* spikes, int64_t n, int32_t base, int64_t population,
                               int64_t n_populations, int64_t* ends, const int64_t* fetched,
                               int32_t* steps, int32_t* units)
{
    int64_t* end = ends + _now.step*n_populations + population;
    const int64_t begin = *end - *fetched;
    for (int64_t k=_thread(); k<spikes[n]; k+=_all_threads())
    {
        steps[begin + k] = (int32_t)_now.step;
        units[begin + k] = base + spikes[k];
    }
    if (_thread() == 0) end[1] = *end + spikes[n];
}

inline void _Found::record(const int32_t* spikes, int64_t population)
{
    const _Spiking& of = populations[population];
    _launch(_record, _up_to(_n_tiles(of.n*_n_lanes), 64), _block_size, spikes, of.n*_n_lanes,
            (int32_t)(of.first*_n_lanes), population, (int64_t)populations.size(), ends, fetched, steps,
            units);
}
