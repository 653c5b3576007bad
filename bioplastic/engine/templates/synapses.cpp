{# Synapses of regular wiring lie in memory row by row, so that the loop over the targets of a
   spike is one that a compiler turns into vector instructions. Listed ones lie ordered by neuron
   and delay (main.cpp). #}
{# USES_VARIABLES { _synaptic_pre } #}
{% extends 'common_synapses.cpp' %}

{% block maincode %}
    {% set regular = wiring(pathway) %}
    // scalar code
    const size_t _vectorisation_idx = -1;
    {{scalar_code|autoindent}}
    {% if regular %}
    {% set _events = '_array_' + pathway.source.name + '__' + pathway.event + 'space' %}
    {% set _n = regular.n_pre if pathway.prepost == 'pre' else regular.n_post %}
    const int32_t* _spikes = {{_events}};
    const int32_t _num_spikes = _spikes[{{pathway.source.stop - pathway.source.start}}];
    for(int32_t _spike=0; _spike<_num_spikes; _spike++)
    {
        const int32_t _lane = {{'_spikes[_spike]/%d' % _n if lanes() > 1 else '0'}};
        const int32_t _own = _spikes[_spike] - _lane*{{_n}};  // of the lane
        {% if regular.kind == 'one_to_one' %}
        const int32_t _i = _spikes[_spike], _j = _i;
        const size_t _idx = _i, _shared = _own;
        const size_t _vectorisation_idx = _idx;
        {{vector_code|by_row(regular)|autoindent}}
        {% elif regular.kind == 'all_to_all' and pathway.prepost == 'pre' %}
        const int32_t _i = _spikes[_spike], _first = _lane*{{regular.n_post}};
        #pragma GCC ivdep
        for(int32_t _k=0; _k<{{regular.n_post}}; _k++)
        {
            const int32_t _j = _first + _k;
            const size_t _idx = (size_t)_i*{{regular.n_post}} + _k;
            const size_t _shared = (size_t)_own*{{regular.n_post}} + _k;
            const size_t _vectorisation_idx = _idx;
            {{vector_code|by_row(regular)|autoindent}}
        }
        {% elif regular.kind == 'all_to_all' %}
        const int32_t _j = _spikes[_spike], _first = _lane*{{regular.n_pre}};
        for(int32_t _k=0; _k<{{regular.n_pre}}; _k++)
        {
            const int32_t _i = _first + _k;
            const size_t _idx = (size_t)_i*{{regular.n_post}} + _own;
            const size_t _shared = (size_t)_k*{{regular.n_post}} + _own;
            const size_t _vectorisation_idx = _idx;
            {{vector_code|by_row(regular)|autoindent}}
        }
        {% else %}
        // all but one: target after target, without the neuron of the same index
        const int32_t _first = _lane*{{_n}};
        for(int32_t _k=0; _k<{{_n}} - 1; _k++)
        {
            const int32_t _other = _k + (_k >= _own);
            {% if pathway.prepost == 'pre' %}
            const int32_t _i = _spikes[_spike], _j = _first + _other;
            const size_t _shared = (size_t)_own*({{_n}} - 1) + _k;
            {% else %}
            const int32_t _i = _first + _other, _j = _spikes[_spike];
            const size_t _shared = (size_t)_other*({{_n}} - 1) + _own - (_own > _other);
            {% endif %}
            const size_t _idx = (size_t)_first*({{_n}} - 1) + _shared;
            const size_t _vectorisation_idx = _idx;
            {{vector_code|by_row(regular)|autoindent}}
        }
        {% endif %}
    }
    {% elif is_listed(pathway) %}
    {% set _events = '_array_' + pathway.source.name + '__' + pathway.event + 'space' %}
    const int32_t* _spikes = {{_events}};
    const int32_t _num_spikes = _spikes[{{pathway.source.stop - pathway.source.start}}];
    auto& _list = _list_{{pathway.synapses.name}};
    {% set _array = arrivals_of(pathway) %}
    {% if _array %}
    double* _arriving = _arrivals{{_array}}.ring.data();
    const int64_t _now = _arrivals{{_array}}.now, _size = _arrivals{{_array}}.ring.size();
    {% set _n = (pathway.source.stop - pathway.source.start)//lanes() %}
    for(int32_t _spike=0; _spike<_num_spikes; _spike++)
    {
        // Of a list that only adds, all lanes read the same synapses.
        const int32_t _lane = {{'_spikes[_spike]/%d' % _n if lanes() > 1 else '0'}};
        const int32_t _own = _spikes[_spike] - _lane*{{_n}};
        const int64_t _here = _now + (int64_t)_lane*{{(pathway.target.stop - pathway.target.start)//lanes()}};
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
    {% elif pathway.prepost == 'pre' %}
    _list.push(_spikes, _num_spikes);
    const int64_t _oldest = _list.now < _list.n_delays - 1 ? _list.now : _list.n_delays - 1;
    for(int64_t _delay=0; _delay<=_oldest; _delay++)
        for(const int32_t _i : _list.fired[(_list.now - _delay) % _list.n_delays])
        {
            const int32_t* _range = &_list.first[(size_t)_i*_list.n_delays + _delay];
            for(int32_t _idx=_range[0]; _idx<_range[1]; _idx++)
            {
                const size_t _vectorisation_idx = _idx;
                {{vector_code|autoindent}}
            }
        }
    _list.now++;
    {% else %}
    for(int32_t _spike=0; _spike<_num_spikes; _spike++)
    {
        const int32_t* _range = &_list.first_incoming[_spikes[_spike]];
        for(int32_t _k=_range[0]; _k<_range[1]; _k++)
        {
            const size_t _idx = _list.incoming[_k];
            const size_t _vectorisation_idx = _idx;
            {{vector_code|autoindent}}
        }
    }
    {% endif %}
    {% endif %}
{% endblock %}
