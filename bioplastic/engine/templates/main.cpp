{# One program for a whole data set: reads state and samples, runs slots, writes state and spikes. #}
{% set _plan = slot_plan() %}
{% for name, file, spikes, n in _plan.spike_inputs %}
static _Spikes _spikes_{{name}};
_OWN _SpikeInput _input_{{name}};
{% endfor %}
{% include 'superposed_blocks.cpp' %}

static _HOT void _look(int64_t lane)
{
    {% block look %}
    {% endblock %}
    {% for all in _plan.superposed %}
    // Looking changes nothing: blocks end where they would have ended.
    const bool _seen_{{all.name}} = {% for its in _plan.variables if its.name.startswith(all.name + ".") %}_probe.is_due(lane, {{_plan.variables.index(its)}}) || {% endfor %}false;
    _Superposition _as_was_{{all.name}};
    {% for v in all.variables %}
    std::vector<double> _kept_{{all.name}}_{{v}};
    {% endfor %}
    if (_seen_{{all.name}})
    {
        _as_was_{{all.name}} = _superposition_{{all.name}};
        {% for v in all.variables %}
        _kept_{{all.name}}_{{v}}.assign({{all.arrays[v]}}, {{all.arrays[v]}} + {{all.n_pre}}*{{all.n_post}});
        {% endfor %}
        _end_span_{{all.name}}();
        {{all.superpose}}
    }
    {% endfor %}
    _probe.look(_variables, lane, _row[lane]);
    {% for all in _plan.superposed %}
    if (_seen_{{all.name}})
    {
        std::swap(_superposition_{{all.name}}, _as_was_{{all.name}});
        {% for v in all.variables %}
        std::copy(_kept_{{all.name}}_{{v}}.begin(), _kept_{{all.name}}_{{v}}.end(), {{all.arrays[v]}});
        {% endfor %}
    }
    {% endfor %}
}

_COLD void _read_sizes()
{
    std::vector<int64_t> sizes;
    _read_all("sizes", sizes);
    int64_t* const read[] = { {% for name in _plan.sizes %}&{{name}}, {% endfor %} };
    for (size_t k=0; k<sizes.size(); k++) *read[k] = sizes[k];
    {% for name in _plan.times %}
    static std::vector<double> of{{name}};
    _read_all("times.{{loop.index0}}", of{{name}});
    {{name}}_values = of{{name}}.data();
    {% endfor %}
}

_COLD void _read_samples(int64_t n_rows)
{
    _n_steps.resize(n_rows);
    _read("n_steps", _n_steps.data(), n_rows*sizeof(int64_t));
    int64_t _n_signal_rows = 0, _longest = 0;
    for (const int64_t n : _n_steps)
    {
        _n_signal_rows += n;
        _longest = std::max(_longest, n);
    }
    // A lane may look beyond its sample while others go on.
    const int64_t _more = _n_lanes > 1 ? _longest : 0;
    _read("key", _seed, sizeof(_seed));
    _read_all("recorded", _recorded);
    _shows.assign(_n_threads*_n_lanes, 0);
    {% for name, file, spikes, n in _plan.spike_inputs %}
    _spikes_{{name}}.read({{file}});
    {% endfor %}
    {% block tables %}
    {% for table, file, by_step in _plan.tables %}
    _read_table({{table}}_values, _Name("input.{{file}}.table"),
        {{"_n_signal_rows" if by_step else "n_rows"}}*{{table}}_columns, _more*{{table}}_columns);
    {% endfor %}
    {% if _plan.target_signals %}
    _read_table(target_signal_values, "target_signals", _n_signal_rows*target_signal_columns,
        _more*target_signal_columns);
    {% endif %}
    {% if _plan.signals %}
    _make_table(first_rows_values, n_rows);
    for (int64_t row=0, first=0; row<n_rows; first+=_n_steps[row++])
        first_rows_values[row] = (double)first;
    {% endif %}
    _make_table(slot_steps_values, n_rows);
    for (int64_t row=0; row<n_rows; row++) slot_steps_values[row] = (double)_n_steps[row];
    _read_table(sample_keys_values, "sample_keys", n_rows);
    {% if _plan.has_targets %}
    _read_table(target_values, "targets", n_rows);
    {% endif %}
    {% if _plan.draws %}
    std::copy(_seed, _seed + 2, uniform_key);
    {% endif %}
    {% for uniform, file in _plan.noise_keys %}
    _read(_Name("input.{{file}}.key"), {{uniform}}_key, 2*sizeof(int64_t));
    {% endfor %}
    {% endblock %}
}

// The samples of a chunk, and what is looked at.
_COLD void _open_samples()
{
    {% for name, file, spikes, n in _plan.spike_inputs %}
    _input_{{name}}.prepare(_spikes_{{name}});
    {% endfor %}
    _probe.open(_variables, _n_lanes);
}

// What each thread has for itself, and what all have once.
_COLD void _prepare()
{
    _row.assign(_n_lanes, -1);
    _lane_steps.resize(_n_lanes);
    _lane_times.resize(_n_lanes);
    _lane_units.resize(_n_lanes);
{% include 'lists.cpp' %}
    _variables = {
        {% for its in _plan.variables %}
        { {{_plan.numbers[its.name]}}, '{{its.code}}', {{its.own|lower}}, {{(its.array in _plan.shared)|lower}}, {{(its.name in _plan.read)|lower}}, {{(its.name in _plan.changing)|lower}}, (char*){{its.array}}, {{its.length}} },
        {% endfor %}
    };
    for (const _Variable& its : _variables)
    {
        if (!its.is_read || (its.shared && _thread_number)) continue;
        _read(_Name("in.%d", its.array), its.data, its.n_bytes());
        if (its.own) _spread(its.data, its.n_bytes());
    }
    {% block moment %}
    _now = _Moment{_array_schedule_sample_key, _array_schedule_repeats, -1,
                   {(uint32_t)_seed[0], (uint32_t)_seed[1]}};
    {% endblock %}
    {% for all in _plan.superposed %}
    _superposition_{{all.name}}.prepare({{all.n_pre}}, {{all.n_post}}, {{all.how.states|length}},
                                        {{all.variables|length}}, {{all.variables.index(all.how.jumps)}});
    {% endfor %}
    _open_samples();
}
{% block during_slots %}
{% include 'during_slots.cpp' %}
{% endblock %}
{% if _plan.batch %}
_COLD void _end_batch()
{
    if (!_thread_number)
    {
        {% for call in _plan.batch %}
        {{call}}
        {% endfor %}
    }
    {% if _plan.learned %}
    if (_n_threads > 1) _follow_first();
    {% endif %}
}
{% endif %}

static _HOT void _run_slots()
{
    {% block begin %}
    {% endblock %}
    // All threads take part in a round.
    bool is_due = _unit && _n_lanes > 1;
    int64_t n_shown;
    while (((n_shown = _hand_out()) && (_unit || !_stop_requested)) || is_due)
    {
        is_due = false;
        // Time counts from 0 in every slot, so that its arithmetic is the same wherever it lies.
        _array_step_clock_timestep[0] = 0;
        _array_step_clock_t[0] = 0.0;
        int64_t n_steps = 0;
        for (int64_t lane=0; lane<_n_lanes; lane++)
        {
            const int64_t row = _row[lane];
            _array_schedule_cursor[lane] = std::max(row, (int64_t)0);
            _array_schedule_n_shown[lane] = _unit ? _n_shown_together : n_shown;
            _lane_steps[lane] = row < 0 ? 0 : _n_steps[row];
            n_steps = std::max(n_steps, _lane_steps[lane]);
            _probe.begin_slot(lane, row, _lane_steps[lane]);
        }
        {% for name, file, spikes, n in _plan.spike_inputs %}
        _input_{{name}}.begin_slot({{n}}*_n_lanes);
        {% endfor %}
        {% block begin_slot %}
        {% endblock %}
        {% for list in _plan.lists %}
        _list_{{list.name}}.forget();
        {% for pathway in list.pathways %}
        {{pathway[0]}}.forget();
        {% endfor %}
        {% endfor %}
        {% for array, _ in _plan.arrivals %}
        _arrivals{{array}}.forget();
        {% endfor %}
        {% for all in _plan.superposed %}
        _superposition_{{all.name}}.begin_slot(n_steps);
        {% endfor %}
        {% for call in _plan.start %}
        _clear_registers();
        {{call}}
        {% endfor %}
        {% block steps %}
        int64_t step = 0;
        do for (; step<n_steps; step++)
        {
            {% if _plan.lanes > 1 %}
            for (int64_t lane=0; lane<_n_lanes; lane++) if (_lane_steps[lane] == step) _keep(lane);
            {% endif %}
            _array_step_clock_timestep[0] = step;
            _array_step_clock_t[0] = step*_array_step_clock_dt[0];
            _now.step = step;
            {% for call in _plan.step %}
            _clear_registers();
            {{call}}
            {% endfor %}
            {% if not _plan.arrive %}
            _arrive();
            _note_spikes();
            {% endif %}
            {% for all in _plan.superposed %}
            if (_superposition_{{all.name}}.n_steps == _superposition_{{all.name}}.length
                && step + 1 < n_steps)
                _end_block_{{all.name}}(true);
            else if (_superposition_{{all.name}}.in_span == _Superposition::span)
                _end_span_{{all.name}}();
            {% endfor %}
            {% for spikes, n in _plan.spiking %}
            for (int32_t k=0, first=_recorded[{{loop.index0}}]; first >= 0 && k<{{spikes}}[{{n}}*_n_lanes]; k++)
            {
                const int64_t lane = {{"%s[k]/%s" % (spikes, n) if _plan.lanes > 1 else "0"}};
                if (step >= _lane_steps[lane]) continue;
                _lane_times[lane].push_back(_array_step_clock_t[0]);
                _lane_units[lane].push_back((int32_t)(first + {{spikes}}[k] - lane*{{n}}));
            }
            {% endfor %}
            for (int64_t lane=0; lane<_n_lanes; lane++) if (_probe.next[lane] == step) _look(lane);
        }
        while ({{"_goes_on && _take_more(n_steps)" if _plan.lanes == 1 else "false"}});
        _now.step = -1;
        {% endblock %}
        {% if _plan.superposed %}
        const bool _is_last = _stop_requested || (_unit ? _rows.empty() && _next_row >= _n_rows : _row[0] + 1 == _n_rows);
        {% endif %}
        for (int64_t lane=0; lane<_n_lanes; lane++)
        {
            {% if _plan.lanes > 1 %}
            if (_lane_steps[lane] < n_steps) _bring_back(lane);
            {% endif %}
            if (_row[lane] < 0) continue;
            if (_row[lane] + 1 == _next_row) _last_lane = lane;
            {% for variable in _plan.log %}
            _log.push_back(_array_schedule_{{variable}}[lane]);
            {% endfor %}
            _spike_times.insert(_spike_times.end(), _lane_times[lane].begin(), _lane_times[lane].end());
            _spike_units.insert(_spike_units.end(), _lane_units[lane].begin(), _lane_units[lane].end());
            _lane_times[lane].clear();
            _lane_units[lane].clear();
            _probe.end_slot(lane);
            _offsets.push_back((int64_t)_spike_times.size());
        }
        {% for call in _plan.end %}
        {{call}}
        {% endfor %}
        {% if _plan.learned and _plan.lanes > 1 %}
        _learn_together();
        {% endif %}
        {% if _plan.batch %}
        if (!_ends_together) _end_batch();
        {% endif %}
        {% for call in _plan.after %}
        {{call}}
        {% endfor %}
        {% block end_slot %}
        {% endblock %}
        for (int64_t lane=0; lane<_n_lanes; lane++)
            if (_row[lane] >= 0 && _array_schedule_cursor[lane] > _row[lane])
            {
                _row[lane] = -1;
                __atomic_fetch_add(&_n_done, 1, __ATOMIC_RELAXED);
            }
        if (_thread_number) continue;
        const double now = _seconds_now();
        if (now - _reported > 0.2)
        {
            std::printf("%ld\n", (long)__atomic_load_n(&_n_done, __ATOMIC_RELAXED));
            std::fflush(stdout);
            _reported = now;
        }
    }
}

{% block threads %}
{% include 'threads.cpp' %}
{% endblock %}

// Of the first thread; what all rows before are done, and a sample that is not begins anew. Of a
// program that stays nobody wants the state, but for whether it is finite.
_COLD void _write_state()
{
    int64_t n_done = std::min(_next_row, _n_rows);
    for (const int64_t row : _unfinished) n_done = std::min(n_done, row);
    {% block write %}
    {% endblock %}
    std::fill_n(_array_schedule_cursor, _n_lanes, (double)n_done);
    // By whichever lane it is shown in the next run.
    if (_n_lanes*_n_threads > 1) std::fill_n(_array_schedule_repeats, _n_lanes, 0.0);
    std::vector<int32_t> not_finite;
    for (const _Variable& its : _variables)
    {
        if (!its.changes) continue;
        if (_is_first_chunk || its.data == (char*)_array_schedule_cursor)
            _write(_Name("out.%d", its.array), its.of(_last_lane), its.n_bytes());
        else if (!its.is_finite(_last_lane)) not_finite.push_back(its.array);
    }
    _write("not_finite", not_finite.data(), not_finite.size()*sizeof(int32_t));
    _write("seconds", &_seconds, sizeof(double));
}

static int _run(int argc, char **argv)
{
    _take_arguments(argc, argv);
    {% block open %}
    {% endblock %}
    _read_sizes();
    _ends_together = _unit && _n_lanes == 1;
    _read_samples(_n_rows);
    _prepare();
    for (;;)
    {
        _begun = _reported = _seconds_now();
        _work_together();
        _seconds = _seconds_now() - _begun;
        _write_state();
        if (!_next_order(_n_rows)) return 0;
        _begin_chunk();
        _read_samples(_n_rows);
        _open_samples();
    }
}
