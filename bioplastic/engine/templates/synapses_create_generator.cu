{# Synapses of regular wirings are not made: their neurons follow from their places. #}
{# USES_VARIABLES { _synaptic_pre, _synaptic_post, N } #}
{# WRITES_TO_READ_ONLY_VARIABLES { _synaptic_pre, _synaptic_post, N } #}
{% extends 'common.cu' %}
