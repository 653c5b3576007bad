// A few synapses onto every neuron, of which all others are superpositions (superposition.py).
struct _Superposition
{
    struct Event { int32_t source; double amount; };

    static const int64_t length = 32;     // steps of a block
    int64_t n_post = 0, n_states = 0, n_variables = 0, jumps = 0;
    int64_t n_steps = 0, n_sources = 0;   // so far
    std::vector<double> basis;            // source, variable, neuron
    std::vector<std::vector<Event>> events;  // of each presynaptic neuron in this block
    std::vector<char> awake;              // whether a spike came in an earlier block of the slot

    double* of(int64_t source, int64_t variable)
    {
        return &basis[(source*n_variables + variable)*n_post];
    }

    void prepare(int64_t n_pre, int64_t n_post_, int64_t n_states_, int64_t n_variables_,
                 int64_t jumps_)
    {
        n_post = n_post_; n_states = n_states_; n_variables = n_variables_; jumps = jumps_;
        basis.resize((n_states + length)*n_variables*n_post);
        events.resize(n_pre);
        awake.assign(n_pre, 0);
    }

    // States stand first among the variables.
    void begin_block()
    {
        n_steps = 0;
        n_sources = n_states;
        std::fill(basis.begin(), basis.begin() + n_states*n_variables*n_post, 0.0);
        for (int64_t k=0; k<n_states; k++) std::fill_n(of(k, k), n_post, 1.0);
        for (auto& own : events) own.clear();
    }

    void begin_slot()
    {
        begin_block();
        std::fill(awake.begin(), awake.end(), 0);
    }

    // A spike leads to the same at all synapses of its step, times what it adds.
    void note(const int32_t* spikes, int32_t number, const double* amounts, double amount)
    {
        if (!number) return;
        std::fill_n(of(n_sources, 0), n_variables*n_post, 0.0);
        std::fill_n(of(n_sources, jumps), n_post, 1.0);
        for (int32_t k=0; k<number; k++)
            events[spikes[k]].push_back(
                {(int32_t)n_sources, amounts ? amounts[spikes[k]] : amount});
        n_sources++;
    }
};
