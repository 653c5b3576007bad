{# Synapses of regular wiring lie in memory row by row, so that the loop over the targets of a
   spike is one that a compiler turns into vector instructions. Listed ones lie ordered by neuron
   and delay (main.cpp). #}
{# USES_VARIABLES { _synaptic_pre } #}
{% extends 'common_synapses.cpp' %}

{% block maincode %}
    {% set regular = wiring(pathway) %}
    {% set _n = in_lane(pathway.source) %}
    const int32_t* _spikes = {{spikes_of(pathway)}};
    const int32_t _n_source = {{_n}};  // neurons of a lane
    const int32_t _num_spikes = _spikes[_n_source{{'*_n_lanes' if lanes() > 1}}];
    {% if regular %}
    const int32_t _n_pre = {{regular.n_pre}}, _n_post = {{regular.n_post}};
    {% endif %}
    // scalar code
    const size_t _vectorisation_idx = -1;
    {{scalar_code|remembered|autoindent}}
    {% if regular %}
    for(int32_t _spike=0; _spike<_num_spikes; _spike++)
    {
        const int32_t _lane = {{'_spikes[_spike]/_n_source' if lanes() > 1 else '0'}};
        const int32_t _own = _spikes[_spike] - _lane*_n_source;  // of the lane
        {% if regular.kind == 'one_to_one' %}
        const int32_t _i = _spikes[_spike], _j = _i;
        const size_t _idx = _i, _shared = _own;
        const size_t _vectorisation_idx = _idx;
        {{vector_code|by_row(regular)|autoindent}}
        {% elif regular.kind == 'all_to_all' and pathway.prepost == 'pre' %}
        const int32_t _i = _spikes[_spike], _first = _lane*_n_post;
        #pragma GCC ivdep
        for(int32_t _k=0; _k<_n_post; _k++)
        {
            const int32_t _j = _first + _k;
            const size_t _idx = (size_t)_i*_n_post + _k;
            const size_t _shared = (size_t)_own*_n_post + _k;
            const size_t _vectorisation_idx = _idx;
            {{vector_code|by_row(regular)|autoindent}}
        }
        {% elif regular.kind == 'all_to_all' %}
        const int32_t _j = _spikes[_spike], _first = _lane*_n_pre;
        for(int32_t _k=0; _k<_n_pre; _k++)
        {
            const int32_t _i = _first + _k;
            const size_t _idx = (size_t)_i*_n_post + _own;
            const size_t _shared = (size_t)_k*_n_post + _own;
            const size_t _vectorisation_idx = _idx;
            {{vector_code|by_row(regular)|autoindent}}
        }
        {% else %}
        // all but one: target after target, without the neuron of the same index
        const int32_t _first = _lane*_n_source;
        for(int32_t _k=0; _k<_n_source - 1; _k++)
        {
            const int32_t _other = _k + (_k >= _own);
            {% if pathway.prepost == 'pre' %}
            const int32_t _i = _spikes[_spike], _j = _first + _other;
            const size_t _shared = (size_t)_own*(_n_source - 1) + _k;
            {% else %}
            const int32_t _i = _first + _other, _j = _spikes[_spike];
            const size_t _shared = (size_t)_other*(_n_source - 1) + _own - (_own > _other);
            {% endif %}
            const size_t _idx = (size_t)_first*(_n_source - 1) + _shared;
            const size_t _vectorisation_idx = _idx;
            {{vector_code|by_row(regular)|autoindent}}
        }
        {% endif %}
    }
    {% elif is_listed(pathway) %}
    {% set _array = arrivals_of(pathway) %}
    {% if pathway.objname != 'pre' %}
    {% set _waiting = waiting(pathway) %}
    {% if _waiting %}
    auto& _list = _list_{{pathway.synapses.name}};
    {% endif %}
    {{queue_of(pathway)}}.deliver(_spikes, _num_spikes, [&](const size_t _idx)
    {
        const size_t _vectorisation_idx = _idx;
        {% if _waiting %}
        const int32_t _first = _list.leader[_idx];
        double _then_{{_waiting|join(', _then_')}};  // a reader changes nothing
        {% endif %}
        {{vector_code|by_first(pathway)|autoindent}}
    });
    {% elif _array %}
    auto& _list = _list_{{pathway.synapses.name}};
    auto& _arrivals = _arrivals{{_array}};
    double* _arriving = _arrivals.ring.data();
    const int64_t _begin = _arrivals.now, _size = _arrivals.ring.size();
    for(int32_t _spike=0; _spike<_num_spikes; _spike++)
    {
        // Of a list that only adds, all lanes read the same synapses.
        const int32_t _lane = {{'_spikes[_spike]/_n_source' if lanes() > 1 else '0'}};
        const int32_t _own = _spikes[_spike] - _lane*_n_source;
        const int64_t _here = _begin + (int64_t)_lane*{{in_lane(pathway.target)}};
        const int32_t* _first = &_list.first[(size_t)_own*_list.n_delays];
        const int32_t _end = _first[_list.n_delays];
        for(int32_t _idx=_first[0]; _idx<_end; _idx++)
        {
            const size_t _vectorisation_idx = _idx;
            int64_t _at = _here + _list.place[_idx];
            if(_at >= _size) _at -= _size;
            {{vector_code|to_arrivals(_array)|autoindent}}
        }
    }
    {% else %}
    auto& _list = _list_{{pathway.synapses.name}};
    _list.push(_spikes, _num_spikes);
    const int64_t _oldest = _list.now < _list.n_delays - 1 ? _list.now : _list.n_delays - 1;
    for(int64_t _delay=0; _delay<=_oldest; _delay++)
        for(const int32_t _i : _list.fired[(_list.now - _delay) % _list.n_delays])
        {
            const int32_t* _range = &_list.first[(size_t)_i*_list.n_delays + _delay];
            {% set _waiting = waiting(pathway) %}
            {% if _waiting %}
            if(_range[0] == _range[1]) continue;
            const int32_t _first = _range[0];
            double _then_{{_waiting|join(', _then_')}};
            {% endif %}
            for(int32_t _idx=_range[0]; _idx<_range[1]; _idx++)
            {
                const size_t _vectorisation_idx = _idx;
                {{vector_code|by_first(pathway)|autoindent}}
            }
            {% for variable in _waiting %}
            {{at_first(variable, pathway)}} = _then_{{variable}};
            {% endfor %}
        }
    _list.now++;
    {% endif %}
    {% endif %}
{% endblock %}
