// A few synapses onto every neuron, of which all others are superpositions (superposition.py).
//
// Sources are such synapses: one for each state that was 1 when the block began, and one for each of
// its steps in which spikes came. They are brought forward in short spans: in a span only those step
// by step that are new, and one for each state, by which the older ones follow at the span's end.
struct _Superposition
{
    struct Event { int32_t source; double amount; };

    static const int64_t longest = 160;   // steps of a block
    static const int64_t span = 16;       // steps of a span
    static const int64_t tile = 32;       // neurons that are passed over together
    int64_t length = longest;             // steps of the blocks of this slot
    int64_t n_post = 0, n_states = 0, n_variables = 0, jumps = 0;
    int64_t n_steps = 0, in_span = 0;     // so far in the block, and in the span
    int64_t n_sources = 0, fresh = 0;     // all, and the first of this span
    bool dirty = false;                   // whether synapses hold states of this slot
    std::vector<double> basis;            // source, variable, neuron
    std::vector<std::vector<Event>> events;  // of each presynaptic neuron in this block
    std::vector<char> live;               // source, tile: whether a spike leads to anything there
    std::vector<char> awake;              // whether a spike came in an earlier block of the slot

    // The span's own sources come first, then those of the block, then spikes. States stand first
    // among the variables.
    double* of(int64_t source, int64_t variable)
    {
        return &basis[(source*n_variables + variable)*n_post];
    }

    int64_t n_tiles() const { return (n_post + tile - 1)/tile; }

    // Where pseudo-derivative or signal were 0 there is nothing to add up.
    void find_live(int64_t first_variable)
    {
        live.assign(n_sources*n_tiles(), 0);
        for (int64_t source=2*n_states; source<n_sources; source++)
            for (int64_t k=first_variable; k<n_variables; k++)
            {
                const double* values = of(source, k);
                for (int64_t j=0; j<n_post; j++)
                    live[source*n_tiles() + j/tile] |= values[j] != 0.0;
            }
    }

    void prepare(int64_t n_pre, int64_t n_post_, int64_t n_states_, int64_t n_variables_,
                 int64_t jumps_)
    {
        n_post = n_post_; n_states = n_states_; n_variables = n_variables_; jumps = jumps_;
        basis.resize((2*n_states + longest)*n_variables*n_post);
        events.resize(n_pre);
        awake.assign(n_pre, 0);
        dirty = true;
    }

    void set_apart(int64_t first)
    {
        std::fill_n(of(first, 0), n_states*n_variables*n_post, 0.0);
        for (int64_t k=0; k<n_states; k++) std::fill_n(of(first + k, k), n_post, 1.0);
    }

    void begin_span()
    {
        in_span = 0;
        fresh = n_sources;
        set_apart(0);
    }

    void begin_block()
    {
        n_steps = 0;
        n_sources = 2*n_states;
        set_apart(n_states);
        for (auto& own : events) own.clear();
        begin_span();
    }

    void end_block(bool states)
    {
        dirty |= states;
        for (size_t i=0; i<events.size(); i++) if (!events[i].empty()) awake[i] = 1;
        begin_block();
    }

    void begin_slot(int64_t n_slot_steps)
    {
        const int64_t n_blocks = (n_slot_steps + longest - 1)/longest;
        length = n_blocks ? (n_slot_steps + n_blocks - 1)/n_blocks : longest;
        std::fill(awake.begin(), awake.end(), 0);
        begin_block();
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
