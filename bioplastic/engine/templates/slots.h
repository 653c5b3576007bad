#pragma once
#include "run.h"

// What the loop over slots needs, whatever its network: who shows which sample, its spikes, and what
// samples side by side teach.

static std::vector<int32_t> _recorded;  // first unit of each population that spikes, -1 if not recorded
static int _combine = 0;           // what samples side by side teach: nothing, the sum, the mean
static int64_t _n_rows = 0, _unit = 0;  // all, and those that are shared out among threads in one go
static std::vector<int64_t> _n_steps;
static int64_t _seed[2];
static int64_t _next_row = 0, _n_done = 0, _n_shown_together = 0;
static bool _ends_together = false;       // whether what a unit teaches is put together at its end
static std::vector<char> _shows;          // whether a lane of a thread shows a sample
_OWN std::vector<int64_t> _rows;          // what a thread is still to show of a unit
_OWN std::vector<int64_t> _row;           // what each lane shows, -1 for nothing
_OWN std::vector<int64_t> _lane_steps;    // how long that is
_OWN int64_t _last_lane = 0;              // which has shown the last row
_OWN std::vector<std::vector<double>> _lane_times;
_OWN std::vector<std::vector<int32_t>> _lane_units;
_OWN std::vector<double> _spike_times;
_OWN std::vector<int32_t> _spike_units;
_OWN std::vector<int64_t> _offsets(1, 0);
_OWN std::vector<double> _log;
_OWN std::vector<_Variable> _variables;
_OWN _Probe _probe;
static double _begun, _reported, _seconds = 0.0;

// Arguments: run folder, rows of the sample table, what samples side by side teach, threads, and rows
// that these learn together.
_COLD void _take_arguments(int argc, char **argv)
{
    if (argc != 6) _fail("usage: main PART FOLDER ROWS COMBINE THREADS UNIT");
    _folder = argv[1];
    _of_all_chunks.open("../given");
    _of_chunk.open("given");
    _n_rows = std::atol(argv[2]);
    _combine = std::atoi(argv[3]);
    _n_threads = std::atol(argv[4]);
    _unit = std::atol(argv[5]);
    _flush_denormals();
    std::signal(SIGTERM, _request_stop);
    std::signal(SIGINT, SIG_IGN);
}

// Every lane begins with what was given for one.
_COLD void _spread(char* data, int64_t n_bytes)
{
    for (int64_t lane=1; lane<_n_lanes; lane++) std::memcpy(data + lane*n_bytes, data, n_bytes);
}

// A table has a row for each sample or each step; a lane may look beyond its sample.
_COLD void _make_table(double*& values, int64_t n)
{
    std::free(values);  // of the chunk before
    values = _room<double>(n);
}

_COLD void _read_table(double*& values, const _Name& name, int64_t n, int64_t more = 0)
{
    _make_table(values, n + more);
    _read(name, values, n*sizeof(double));
}

// A program stays until its standard input ends. A line of it has the rows of another chunk, or by how
// many steps a sample goes on, and whether that will go on after these.
static bool _goes_on = false;

_COLD bool _next_order(int64_t& number)
{
    long long given;
    int goes_on;
    _close(_made);
    std::puts("");  // what was asked for is written
    std::fflush(stdout);
    if (std::scanf("%lld %d", &given, &goes_on) != 2) return false;
    number = given;
    _of_chunk.open("given");
    _goes_on = goes_on;
    return true;
}

// Rows are shared out by their length, the longest first, to whoever has least to do; those of a
// round lane by lane.
_COLD void _share_out(int64_t begin, int64_t end)
{
    std::vector<int64_t> load(_n_threads, 0);
    std::vector<char> is_out(end - begin, 0);
    _rows.clear();
    for (int64_t number=begin; number<end; number++)
    {
        int64_t row = -1, thread = 0;
        for (int64_t k=begin; k<end; k++)
            if (!is_out[k - begin] && (row < 0 || _n_steps[k] > _n_steps[row])) row = k;
        for (int64_t k=1; k<_n_threads; k++) if (load[k] < load[thread]) thread = k;
        if (_n_lanes > 1) thread = (row - begin)/_n_lanes;
        is_out[row - begin] = 1 + (thread == _thread_number);
        load[thread] += _n_steps[row] + 1;
    }
    for (int64_t row=end; row-->begin; ) if (is_out[row - begin] == 2) _rows.push_back(row);
}

// Rows are handed out in order, to lanes that have nothing to show.
static int64_t _hand_out()
{
    int64_t number = 0;
    for (int64_t lane=0; lane<_n_lanes; lane++)
    {
        if (_row[lane] < 0 && _unit)
        {
            if (!_rows.empty())
            {
                _row[lane] = _rows.back();
                _rows.pop_back();
            }
        }
        else if (_row[lane] < 0 && !_stop_requested && __atomic_load_n(&_next_row, __ATOMIC_RELAXED) < _n_rows)
        {
            const int64_t row = __atomic_fetch_add(&_next_row, 1, __ATOMIC_RELAXED);
            if (row < _n_rows) _row[lane] = row;
        }
        _shows[_thread_number*_n_lanes + lane] = _row[lane] >= 0;
        number += _row[lane] >= 0;
    }
    return number;
}

// What a thread has seen, and which samples it has not brought to an end.
static std::vector<int64_t> _unfinished;

_COLD void _write_spikes()
{
    const int k = (int)_thread_number;
    _probe.close();
    _write(_Name("%d.spikes.t", k), _spike_times.data(), _spike_times.size()*sizeof(double));
    _write(_Name("%d.spikes.i", k), _spike_units.data(), _spike_units.size()*sizeof(int32_t));
    _write(_Name("%d.offsets", k), _offsets.data(), _offsets.size()*sizeof(int64_t));
    _write(_Name("%d.log", k), _log.data(), _log.size()*sizeof(double));
    for (int64_t thread=0; thread<_n_threads; thread++)
    {
        _meet();
        if (thread == _thread_number)
            for (const int64_t row : _row) if (row >= 0) _unfinished.push_back(row);
    }
    _meet();
}

// State, synapses and parameters stay as they are.
static bool _is_first_chunk = true;

_COLD void _begin_chunk()
{
    _is_first_chunk = false;
    _next_row = _n_done = _last_lane = 0;
    _unfinished.clear();
    _spike_times.clear();
    _spike_units.clear();
    _log.clear();
    _offsets.assign(1, 0);
}

struct _Spikes
{
    std::vector<int32_t> steps, units;
    std::vector<int64_t> offsets;

    void read(int number)
    {
        _read_all(_Name("input.%d.steps", number), steps);
        _read_all(_Name("input.%d.units", number), units);
        _read_all(_Name("input.%d.offsets", number), offsets);
    }
};

struct _SpikeInput
{
    const int32_t *steps, *units;
    const int64_t* offsets;
    std::vector<std::vector<int32_t>> late, waiting;  // of each lane
    std::vector<int64_t> last;  // step in which a channel fired last
    std::vector<int64_t> next, end;

    void prepare(const _Spikes& spikes)
    {
        steps = spikes.steps.data();
        units = spikes.units.data();
        offsets = spikes.offsets.data();
        late.resize(_n_lanes);
        waiting.resize(_n_lanes);
        next.resize(_n_lanes);
        end.resize(_n_lanes);
    }

    void begin_slot(int64_t n)  // neurons of all lanes
    {
        last.assign(n, -1);
        for (int64_t lane=0; lane<_n_lanes; lane++)
        {
            next[lane] = _row[lane] < 0 ? 0 : offsets[_row[lane]];
            end[lane] = _row[lane] < 0 ? 0 : offsets[_row[lane] + 1];
            late[lane].clear();
        }
    }

    // More of a sample, whose spikes so far have all been fired, or are late.
    void go_on(const _Spikes& spikes)
    {
        steps = spikes.steps.data();
        units = spikes.units.data();
        next[0] = 0;
        end[0] = (int64_t)spikes.units.size();
    }

    bool is_over(int64_t lane) const { return next[lane] >= end[lane] && late[lane].empty(); }

    // A channel fires once in a step, as a neuron does: what more it has to say follows in the next.
    template<class F> void fire(int64_t lane, int32_t first, int64_t step, F spike)
    {
        waiting[lane].swap(late[lane]);
        late[lane].clear();
        const auto fire_once = [&](int32_t unit)
        {
            if (last[unit] == step) { late[lane].push_back(unit); return; }
            last[unit] = step;
            spike(unit);
        };
        for (const int32_t unit : waiting[lane]) fire_once(unit);
        while (next[lane] < end[lane] && steps[next[lane]] <= step)
            fire_once(first + units[next[lane]++]);
    }
};
// A lane whose sample is over waits for the others as it is.
_OWN std::vector<std::vector<char>> _kept;  // of each lane, what changes of it

static void _keep(int64_t lane)
{
    _kept.resize(_n_lanes);
    _kept[lane].clear();
    for (const _Variable& its : _variables)
        if (its.changes && its.own)
            _kept[lane].insert(_kept[lane].end(), its.of(lane), its.of(lane) + its.n_bytes());
}

static void _bring_back(int64_t lane)
{
    const char* kept = _kept[lane].data();
    for (const _Variable& its : _variables)
        if (its.changes && its.own)
        {
            std::memcpy(its.of(lane), kept, its.n_bytes());
            kept += its.n_bytes();
        }
}

// What samples side by side changed is put together, and all go on from there. Each thread sees to
// its part of the elements.
struct _Learned
{
    int64_t n;
    std::vector<double*> data;  // of each thread
    std::vector<double> before;

    int64_t first() const { return _thread_number*n/_n_threads; }
    int64_t end() const { return (_thread_number + 1)*n/_n_threads; }

    void begin() { std::copy(data[_thread_number] + first(), data[_thread_number] + end(), before.data() + first()); }

    // A value beyond its bounds, where normalisation may have lifted it, stays if nothing changed it.
    _HOT void put_together(double low=-INFINITY, double high=INFINITY)
    {
        const int64_t first_ = first(), n_ = end() - first_;
        const double* was = before.data() + first_;
        int64_t number = 0;
        std::vector<double> change(n_, 0.0);
        for (int64_t thread=0; thread<_n_threads; thread++)
            for (int64_t lane=0; lane<_n_lanes; lane++)
            {
                if (!_shows[thread*_n_lanes + lane]) continue;
                number++;
                const double* now = data[thread] + lane*n + first_;
                for (int64_t k=0; k<n_; k++) change[k] += now[k] - was[k];
            }
        const double share = _combine == 2 ? 1.0/number : 1.0;
        for (int64_t k=0; k<n_; k++)
            change[k] = std::min(std::max(was[k] + share*change[k], std::min(low, was[k])), std::max(high, was[k]));
        for (int64_t thread=0; thread<_n_threads; thread++)
            for (int64_t lane=0; lane<_n_lanes; lane++)
                std::copy(change.begin(), change.end(), data[thread] + lane*n + first_);
    }
};
