{# The same program with its arrays on a GPU: kernels do what functions do in main.cpp, and what a
   slot ends with is looked at by the CPU. Within a slot nobody waits for the GPU. #}
{% extends 'main.cpp' %}

{% block open %}
    _open_device();
{% endblock %}

{% block tables %}
    {{super()}}
    {% for name in _plan.sizes %}
    _set_size({{name}});
    {% endfor %}
    {% for table, file, by_step in _plan.tables %}
    _set_table({{table}}_values, ({{"_n_signal_rows" if by_step else "n_rows"}} + _more)*{{table}}_columns);
    {% endfor %}
    {% if _plan.target_signals %}
    _set_table(target_signal_values, (_n_signal_rows + _more)*target_signal_columns);
    {% endif %}
    {% for name in _plan.times %}
    _set_table({{name}}_values, 4 + (int64_t)({{name}}_values[2]*{{name}}_values[3]));
    {% endfor %}
    {% for table in _plan.tables_of_slots %}
    if ({{table}}_values) _set_table({{table}}_values, n_rows);
    {% endfor %}
    {% for uniform in _plan.uniforms %}
    _set_on_device(_gpu::{{uniform}}_key, {{uniform}}_key);
    {% endfor %}
{% endblock %}

{% block moment %}
{% endblock %}

{% block look %}
    for (const _Look& its : _probe.looks)
        if (its.next[lane] == _probe.next[lane]) _fetch(_variables[its.variable], _mirrors[its.variable]);
{% endblock %}

{% block during_slots %}
static int64_t *_dev_rows, *_dev_lane_steps;
{% if _plan.spike_inputs %}

// Units that fire in each step of a slot, and where those of a step begin. That depends on the
// samples alone, and is found out before the slot.
struct _LaidOut
{
    int64_t* first;
    int32_t* fired;

    void prepare(const std::vector<int64_t>& offsets, int64_t longest)
    {
        int64_t most = 0;
        for (size_t row=1; row<offsets.size(); row++)
            most = std::max(most, offsets[row] - offsets[row - 1]);
        first = _allocate<int64_t>(longest + 1);
        fired = _allocate<int32_t>(most*_n_lanes);
    }

    void lay_out(_SpikeInput& input, int64_t n, int64_t n_steps)  // `n` neurons of a lane
    {
        std::vector<int64_t> begins(n_steps + 1, 0);
        std::vector<int32_t> steps, units;
        for (int64_t lane=0; lane<_n_lanes; lane++)
            for (int64_t step=0; step<n_steps && !input.is_over(lane); step++)
                input.fire(lane, (int32_t)(lane*n), step, [&](int32_t unit)
                {
                    begins[step + 1]++;
                    steps.push_back((int32_t)step);
                    units.push_back(unit);
                });
        for (int64_t step=0; step<n_steps; step++) begins[step + 1] += begins[step];
        std::vector<int64_t> at(begins);
        std::vector<int32_t> sorted(units.size());
        for (size_t k=0; k<units.size(); k++) sorted[at[steps[k]]++] = units[k];
        _to_device(first, begins.data(), begins.size());
        _to_device(fired, sorted.data(), sorted.size());
        _wait();
    }
};
{% endif %}
{% for name, file, spikes, n in _plan.spike_inputs %}

static _LaidOut _laid_out_{{name}};
static void _fire_input_{{name}}(int64_t)
{
    const int64_t n = {{n}}*_n_lanes;
    _launch(_fire, _up_to(n/_block_size + 1, 64), _block_size, _laid_out_{{name}}.first,
            _laid_out_{{name}}.fired, _dev{{spikes}}, n);
}
{% endfor %}

static void _arrive()
{
    {% for array, open in _plan.arrivals %}
    _arrivals{{array}}.arrive(_dev{{array}}, {{"_dev" + open if open else "0"}});
    {% endfor %}
}

static void _note_spikes() {}

{% if _plan.lanes > 1 %}
static _KeptArray* _dev_kept;
static int64_t _n_kept;

static void _bring_back(int64_t) {}  // all at once, when the steps are done
{% if _plan.learned %}

{% for its, bound in _plan.learned if its.array in _plan.mirrored %}
static double* _before_{{loop.index}};
{% endfor %}

static void _begin_round()
{
    if (!_combine) return;
    {% for its, bound in _plan.learned if its.array in _plan.mirrored %}
    _copy_on_device(_before_{{loop.index}}, _dev{{its.array}}, {{its.length}});
    {% endfor %}
}

static void _learn_together()
{
    if (!_combine) return;
    {% for its, bound in _plan.learned if its.array in _plan.mirrored %}
    _launch(_put_together, _blocks_for({{its.length}}), _block_size, _dev{{its.array}}, _before_{{loop.index}},
            (int64_t)({{its.length}}), _dev_rows, _n_lanes, _combine == 2,
            (const double*){{"_dev" + bound.array if bound else "0"}});
    {% endfor %}
}

static void _follow_first() {}  // there is one thread
{% endif %}

static void _spread_shared()
{
    {% for its in _plan.spread if its.array in _plan.mirrored %}
    _spread_on_device(_dev{{its.array}}, {{its.length}}, _n_lanes);
    {% endfor %}
}
{% endif %}

static _Found _found;

// Spikes of the steps since this was done last, each to its lane.
static void _fetch_spikes(int64_t n_steps, double dt)
{
    if (_found.populations.empty()) return;
    for (const auto& spike : _found.fetch(n_steps))
    {
        const _Spiking* of = _found.populations.data();
        while (spike.unit >= (of->first + of->n)*_n_lanes) of++;
        const int64_t unit = spike.unit - of->first*_n_lanes, lane = unit/of->n;
        if (spike.step >= _lane_steps[lane]) continue;
        _lane_times[lane].push_back(spike.step*dt);
        _lane_units[lane].push_back((int32_t)(of->first + unit - lane*of->n));
    }
}

static void _step(int64_t step)
{
    _launch(_begin_step, dim3(1), 1, _dev_array_step_clock_timestep, _dev_array_step_clock_t,
            _dev_array_step_clock_dt);
    {% for call in _plan.step %}
    {{call}}
    {% endfor %}
    {% if not _plan.arrive %}
    _arrive();
    {% endif %}
    int64_t _number_found = 0;
    {% for spikes, n in _plan.spiking %}
    if (_recorded[{{loop.index0}}] >= 0) _found.record(_dev{{spikes}}, _number_found++);
    {% endfor %}
}

{% if not _plan.waits %}
static _Steps _steps;
{% endif %}
{% endblock %}

{% block begin %}
    {% for array, n, room in _plan.mirrors %}
    _dev{{array}} = _copied({{array}}, {{n}}, {{room}});
    {% endfor %}
    _mirrors = { {% for its in _plan.variables %}(char*){{"_dev" + its.array if its.array in _plan.mirrored else 0}}, {% endfor %} };
    const int64_t _longest = *std::max_element(_n_steps.begin(), _n_steps.end());
    _dev_rows = _allocate<int64_t>(_n_lanes);
    _dev_lane_steps = _allocate<int64_t>(_n_lanes);
    {% for name, file, spikes, n in _plan.spike_inputs %}
    _laid_out_{{name}}.prepare(_spikes_{{name}}.offsets, _longest);
    {% endfor %}
    {% for name, n in _plan.additions %}
    _list_{{name}}.note_additions({{n}});
    {% endfor %}
    {% if _plan.lanes > 1 %}
    std::vector<_KeptArray> _kept;
    for (size_t k=0; k<_variables.size(); k++)
    {
        const _Variable& its = _variables[k];
        if (_mirrors[k] && its.changes && its.own)
            _kept.push_back({_mirrors[k], _allocate<char>(its.n_bytes()*_n_lanes), its.n_bytes()});
    }
    _n_kept = _kept.size();
    _dev_kept = _copied(_kept);
    {% for its, bound in _plan.learned if its.array in _plan.mirrored %}
    _before_{{loop.index}} = _allocate<double>({{its.length}});
    {% endfor %}
    {% endif %}
    int64_t _n_found = 0;
    {% for spikes, n in _plan.spiking %}
    if (_recorded[{{loop.index0}}] >= 0)
    {
        _found.populations.push_back({ {{n}}, _recorded[{{loop.index0}}] });
        _n_found += {{n}}*_n_lanes;
    }
    {% endfor %}
    _found.prepare(_n_found, _longest);
    _wait();
{% endblock %}

{% block begin_slot %}
        _to_device(_dev_array_schedule_cursor, _array_schedule_cursor, _n_lanes);
        _to_device(_dev_array_schedule_n_shown, _array_schedule_n_shown, _n_lanes);
        _to_device(_dev_rows, _row.data(), _n_lanes);
        _to_device(_dev_lane_steps, _lane_steps.data(), _n_lanes);
        _found.begin_slot();
        {% for name, file, spikes, n in _plan.spike_inputs %}
        _laid_out_{{name}}.lay_out(_input_{{name}}, {{n}}, n_steps);
        {% endfor %}
        _launch(_begin_slot, dim3(1), 1,
                _Moment{_dev_array_schedule_sample_key, _dev_array_schedule_repeats, -1,
                        {(uint32_t)_seed[0], (uint32_t)_seed[1]}},
                _dev_array_step_clock_timestep, _dev_array_step_clock_t);
{% endblock %}

{% block steps %}
        {% for name in _plan.measured %}
        _measure_list_{{name}}();
        {% endfor %}
        {% for array, _ in _plan.arrivals %}
        _arrivals{{array}}.choose_scale();
        {% endfor %}
        const int64_t _room = _n_found ? _found.size/_n_found : n_steps;
        int64_t _fetched = 0;
        for (int64_t step=0; step<n_steps; )
        {
            if (step == _fetched + _room)
            {
                _fetch_spikes(step, _array_step_clock_dt[0]);
                _fetched = step;
            }
            int64_t _stop = std::min(n_steps, _fetched + _room);
            bool _ends = false;
            for (int64_t lane=0; lane<_n_lanes; lane++)
            {
                _ends |= _lane_steps[lane] == step;
                if (_lane_steps[lane] > step) _stop = std::min(_stop, _lane_steps[lane]);
                if (_probe.next[lane] < _stop) _stop = _probe.next[lane] + 1;
            }
            {% if _plan.lanes > 1 %}
            if (_ends)
                _launch(_keep_lanes, _up_to(_n_lanes, 4096, _n_kept, 64), _block_size, _dev_kept,
                        _n_kept, _dev_lane_steps, _n_lanes, step, false);
            {% endif %}
            {% if _plan.waits %}
            for (; step<_stop; step++) _step(step);
            {% else %}
            _steps.run(_step, _stop - step);
            step = _stop;
            {% endif %}
            for (int64_t lane=0; lane<_n_lanes; lane++) if (_probe.next[lane] == step - 1) _look(lane);
        }
        _fetch_spikes(n_steps, _array_step_clock_dt[0]);
        {% if _plan.lanes > 1 %}
        _launch(_keep_lanes, _up_to(_n_lanes, 4096, _n_kept, 64), _block_size, _dev_kept, _n_kept,
                _dev_lane_steps, _n_lanes, n_steps, true);
        {% endif %}
        _launch(_end_steps, dim3(1), 1);
        {% for variable in _plan.log %}
        _to_host(_array_schedule_{{variable}}, _dev_array_schedule_{{variable}}, _n_lanes);
        {% endfor %}
{% endblock %}

{% block end_slot %}
        {% for variable in _plan.log %}
        _to_host(_array_schedule_{{variable}}, _dev_array_schedule_{{variable}}, _n_lanes);
        {% endfor %}
{% endblock %}

{% block threads %}
static void _work_together()
{
    _run_slots();
    _write_spikes();
}
{% endblock %}

{% block write %}
    for (size_t k=0; k<_variables.size(); k++) if (_variables[k].changes) _fetch(_variables[k], _mirrors[k]);
{% endblock %}
