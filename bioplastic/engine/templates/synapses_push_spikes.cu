{# Nothing to push: synapses.cu reads the spikes themselves. #}
{# USES_VARIABLES { N } #}
{% extends 'common.cu' %}
