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
    const int32_t* _spikes = {{_events}};
    const int32_t _num_spikes = _spikes[{{pathway.source.stop - pathway.source.start}}];
    for(int32_t _spike=0; _spike<_num_spikes; _spike++)
    {
        {% if regular.kind == 'one_to_one' %}
        const int32_t _i = _spikes[_spike], _j = _i;
        const size_t _idx = _i;
        const size_t _vectorisation_idx = _idx;
        {{vector_code|by_row(regular)|autoindent}}
        {% elif pathway.prepost == 'pre' %}
        const int32_t _i = _spikes[_spike];
        #pragma GCC ivdep
        for(int32_t _j=0; _j<{{regular.n_post}}; _j++)
        {
            const size_t _idx = (size_t)_i*{{regular.n_post}} + _j;
            const size_t _vectorisation_idx = _idx;
            {{vector_code|by_row(regular)|autoindent}}
        }
        {% else %}
        const int32_t _j = _spikes[_spike];
        for(int32_t _i=0; _i<{{regular.n_pre}}; _i++)
        {
            const size_t _idx = (size_t)_i*{{regular.n_post}} + _j;
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
    for(int32_t _spike=0; _spike<_num_spikes; _spike++)
    {
        const int32_t* _first = &_list.first[(size_t)_spikes[_spike]*_list.n_delays];
        const int32_t _end = _first[_list.n_delays];
        for(int32_t _idx=_first[0]; _idx<_end; _idx++)
        {
            const size_t _vectorisation_idx = _idx;
            int64_t _at = _now + _list.place[_idx];
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
    {% else %}
    // all but one: target after target, without the neuron of the same index
    {% set _events = '_array_' + pathway.source.name + '__' + pathway.event + 'space' %}
    {% set _n = pathway.synapses.source | length %}
    const int32_t* _spikes = {{_events}};
    const int32_t _num_spikes = _spikes[{{_n}}];
    for(int32_t _spike=0; _spike<_num_spikes; _spike++)
        for(int32_t _k=0; _k<{{_n}} - 1; _k++)
        {
            {% if pathway.prepost == 'pre' %}
            const size_t _idx = (size_t)_spikes[_spike]*({{_n}} - 1) + _k;
            {% else %}
            const int32_t _i = _k + (_k >= _spikes[_spike]);
            const size_t _idx = (size_t)_i*({{_n}} - 1) + _spikes[_spike] - (_spikes[_spike] > _i);
            {% endif %}
            const size_t _vectorisation_idx = _idx;
            {{vector_code|autoindent}}
        }
    {% endif %}
{% endblock %}
