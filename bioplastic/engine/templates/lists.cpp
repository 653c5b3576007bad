{# Synapses of lists: read, repeated for every lane, found by who fires. #}
    {% for list in _plan.lists %}
    {
        int64_t n = _n_of_{{list.name}};
        {% for name, array, type, changes, shared in list.read %}
        {{"if (!_thread_number) " if shared}}{{array}} = _read_list<{{type}}>(_Name("in.{{_plan.numbers[name]}}"), {{list.lanes}}, n);
        {% if shared %}
        _share({{array}});
        {% endif %}
        {% endfor %}
        {% if list.lanes != "1" %}
        if (!_thread_number) for (int64_t lane=1, own=n/_n_lanes; lane<_n_lanes; lane++)
            for (int64_t k=lane*own; k<(lane + 1)*own; k++)
            {
                {{list.arrays.i}}[k] += lane*{{list.n_pre}};
                {{list.arrays.j}}[k] += lane*{{list.n_post}};
            }
        {% endif %}
        {% for array, type, shared in list.others %}
        {{array}} = {{"_shared" if shared else "_room"}}<{{type}}>(n);
        {% endfor %}
        if (!_thread_number) _n_of_{{list.name}} = n;
    }
    {% endfor %}
    _make_arrays();
    {% for list in _plan.lists %}
    _list_{{list.name}}.prepare({{list.arrays.i}}, {{list.arrays.j}}, {{list.arrays.delay}}, _n_of_{{list.name}},
        {{list.dt}}, {{list.n_pre}}*{{list.lanes}}, {{list.n_post}}*_n_lanes, {{list.arrivals}});
    {% if list.waits %}
    _list_{{list.name}}.find_leaders();
    {% endif %}
    {% for queue, neurons, delays, n in list.pathways %}
    {{queue}}.prepare({{neurons}}, {{delays}}, _n_of_{{list.name}}, {{list.dt}}, {{n}});
    {% endfor %}
    {% endfor %}

