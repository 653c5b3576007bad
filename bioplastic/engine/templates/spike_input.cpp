{# Spikes of the samples, one object for each population that takes them. #}
{% if _plan.spike_inputs %}
struct _Spikes
{
    std::vector<int32_t> steps, units;
    std::vector<int64_t> offsets;

    void read(int number)
    {
        _read_all(_Path("input.%d.steps", number), steps);
        _read_all(_Path("input.%d.units", number), units);
        _read_all(_Path("input.%d.offsets", number), offsets);
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
{% for name, file, spikes, n in _plan.spike_inputs %}
static _Spikes _spikes_{{name}};
_OWN _SpikeInput _input_{{name}};
{% endfor %}
{% endif %}
