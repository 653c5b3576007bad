{# Synapses of regular wiring lie in memory row by row, so that the loop over the targets of a
   spike is one that a compiler turns into vector instructions. Other wirings use the queue. #}
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
    {% else %}
    std::vector<int> *_spiking_synapses = {{pathway.name}}.peek();
    const int _num_spiking_synapses = _spiking_synapses->size();
    for(int _spiking_synapse_idx=0; _spiking_synapse_idx<_num_spiking_synapses; _spiking_synapse_idx++)
    {
        const size_t _idx = (*_spiking_synapses)[_spiking_synapse_idx];
        const size_t _vectorisation_idx = _idx;
        {{vector_code|autoindent}}
    }
    {% endif %}
{% endblock %}
