// Answers words of spikes: see README.txt. The simulation is unit.cpp, which reads files in a folder
// and leaves its own there; each word runs it in a process of its own.
#define main simulate
#include "unit.cpp"
#undef main
#include "answer.h"
#include <fcntl.h>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <sstream>
#include <string>
#ifdef __linux__
#include <sys/prctl.h>
#endif
#include <sys/wait.h>
#include <unistd.h>

namespace fs = std::filesystem;

struct Event { double time; long unit; };

struct Word
{
    std::vector<Event> events;
    double duration = -1;  // in seconds; below 0 where it ends with its last event
    bool begun = false;
};

[[noreturn]] static void refuse(const std::string& what)
{
    std::cerr << "answer: " << what << std::endl;
    std::exit(2);
}

template<class T> static void save(std::ostream& file, const char* name, const std::vector<T>& data)
{
    const _Array head = {_Name("%s", name), (int64_t)(data.size()*sizeof(T))};
    file.write((const char*)&head, sizeof(head));
    file.write((const char*)data.data(), head.n_bytes);
    file.write("\0\0\0\0\0\0\0", head.filling());
}

template<class T> static std::vector<T> load(const fs::path& path)
{
    std::ifstream file(path, std::ios::binary | std::ios::ate);
    if (!file) refuse("cannot read " + path.string());
    std::vector<T> data(file.tellg()/sizeof(T));
    file.seekg(0);
    file.read((char*)data.data(), data.size()*sizeof(T));
    return data;
}

template<class T> static std::vector<T> array_of(const _Given& made, const _Name& name)
{
    const _Array* array = made.find(name);
    if (!array) refuse("the simulation left no " + std::string(name.text));
    return std::vector<T>((const T*)array->data(), (const T*)(array->data() + array->n_bytes));
}

// A folder for the files of a run, beside which lie those that all runs share.
struct Workplace
{
    fs::path root, word;

    explicit Workplace(const fs::path& data)
    {
        std::error_code none;
        const fs::path temporary = fs::temp_directory_path(none);
        if (none) refuse("TMPDIR is no folder");
        std::string name = (temporary/"answer-XXXXXX").string();
        if (!mkdtemp(name.data())) refuse("cannot make a folder in " + temporary.string());
        root = name;
        word = root/"word";
        fs::create_directory(word);
        if (!fs::exists(data/"given")) refuse("there is no " + (data/"given").string() + "; data has to lie beside the program");
        fs::create_symlink(fs::absolute(data/"given"), root/"given");
    }
    ~Workplace() { std::error_code ignored; fs::remove_all(root, ignored); }
};

static void write_word(const fs::path& data, const fs::path& folder, Word& word, long number)
{
    fs::copy_file(data/"word"/"given", folder/"given", fs::copy_options::overwrite_existing);
    std::ofstream given(folder/"given", std::ios::binary | std::ios::app);
    auto& events = word.events;
    std::stable_sort(events.begin(), events.end(), [](const Event& a, const Event& b) { return a.time < b.time; });
    // A hair more, so that a spike at 3 ms acts in step 3 of 1 ms whatever the last bit says.
    const auto step_of = [](double time) { return (int64_t)std::floor(time/DT + 1e-6); };
    int64_t n = N_PRESENTATION;
    if (n < 0 && word.duration >= 0) n = (int64_t)std::ceil(word.duration/DT - 1e-6);
    if (n < 0) n = events.empty() ? 1 : step_of(events.back().time) + 1;
    n = std::max<int64_t>(n, 1);
    const int64_t n_steps = n + N_REST;
    if (POOL)
    {
        const long pool = std::max(POOL, 1L), width = (N_UNITS + pool - 1)/pool;
        std::vector<double> table(n_steps*width, 0.0);
        for (const Event& event : events)
            table[std::min(step_of(event.time), n - 1)*width + event.unit/pool] += 1;
        save(given, "input.0.table", table);
    }
    else
    {
        std::vector<int32_t> steps, units;
        for (const Event& event : events)
        {
            if (N_PRESENTATION >= 0 && event.time >= N_PRESENTATION*DT - 1e-6*DT) continue;
            steps.push_back((int32_t)std::min(step_of(event.time), n_steps - 1));
            units.push_back((int32_t)event.unit);
        }
        save(given, "input.0.steps", steps);
        save(given, "input.0.units", units);
        save(given, "input.0.offsets", std::vector<int64_t>{0, (int64_t)steps.size()});
    }
    save(given, "n_steps", std::vector<int64_t>{n_steps});
    save(given, "sample_keys", std::vector<double>{(double)number});
    save(given, "targets", std::vector<double>{0.0});
    if (N_TARGETS) save(given, "target_signals", std::vector<double>(n_steps*N_TARGETS, 0.0));
    if (!given.flush()) refuse("cannot write to " + folder.string());
}

static void simulate_in(const fs::path& folder)
{
    std::cout.flush();
    const pid_t child = fork();
    if (child < 0) refuse("cannot start a process");
    if (!child)
    {
#ifdef __linux__
        prctl(PR_SET_PDEATHSIG, SIGKILL);  // nobody would wait for the answer
#endif
        // Standard input is ours, and what a program reports goes nowhere.
        const int nowhere = open("/dev/null", O_RDWR);
        dup2(nowhere, 0);
        dup2(nowhere, 1);
        std::string arguments[] = {"simulate", "0", folder.string(), "1", "0", "1", "0"};
        std::vector<char*> argv;
        for (std::string& argument : arguments) argv.push_back(argument.data());
        _exit(simulate((int)argv.size(), argv.data()));
    }
    int status = 0;
    waitpid(child, &status, 0);
    if (!WIFEXITED(status) || WEXITSTATUS(status)) refuse("the simulation failed");
}

static void answer(const fs::path& data, const Workplace& at, Word& word, long number)
{
    write_word(data, at.word, word, number);
    simulate_in(at.word);
    const std::string folder = at.word.string();
    static _Given made;
    _folder = folder.c_str();
    made.open("made");
    std::vector<double> outputs;
    bool silent = false;
    if (ANSWER >= 0) outputs = array_of<double>(made, _Name("out.%d", ANSWER));
    else
    {
        static const std::vector<double> weights = load<double>(data/"weights");
        static const std::vector<double> intercept = load<double>(data/"intercept");
        std::vector<double> counts(N_NEURONS, 0.0);
        for (const int32_t unit : array_of<int32_t>(made, "0.spikes.i")) counts[unit] += 1;
        outputs = intercept;
        silent = SILENT >= 0;
        for (size_t k=0; k<outputs.size(); k++)
            for (long j=0; j<N_NEURONS; j++)
            {
                const double more = weights[k*N_NEURONS + j]*counts[j];
                outputs[k] += more;
                if (more != 0) silent = false;
            }
    }
    if (HAS_LABELS)
    {
        long best = std::max_element(outputs.begin(), outputs.end()) - outputs.begin();
        if (outputs.size() == 1) best = outputs[0] > 0;  // of two classes
        std::cout << LABELS[silent ? SILENT : best];
    }
    else
        for (size_t k=0; k<outputs.size(); k++)
        {
            char text[40];
            std::snprintf(text, sizeof(text), "%s%.17g", k ? " " : "", outputs[k]);
            std::cout << text;
        }
    std::cout << std::endl;
}

static void read_line(const std::string& line, long number, Word& word)
{
    std::istringstream from(line);
    double first;
    std::string second, more;
    const std::string where = "line " + std::to_string(number) + ": ";
    if (!(from >> first) || !std::isfinite(first) || first < 0)
        refuse(where + "must begin with a time >= 0 in seconds, got '" + line + "'");
    if (first/DT > INT32_MAX - 1 - N_REST)
        refuse(where + "has more time steps than can be counted, '" + line + "'");
    if (!(from >> second)) { word.duration = first; return; }
    char* end;
    const long unit = std::strtol(second.c_str(), &end, 10);
    if (*end || from >> more || unit < 0 || unit >= N_UNITS)
        refuse(where + "must be a time and a channel in 0.." + std::to_string(N_UNITS - 1) + ", got '" + line + "'");
    word.events.push_back({first, unit});
}

int main(int argc, char** argv)
{
    if (argc > 2 || (argc == 2 && argv[1][0] == '-')) refuse("usage: answer [DATA] < EVENTS");
    std::error_code none;
    fs::path self = fs::read_symlink("/proc/self/exe", none);
    if (none) self = fs::absolute(argv[0]);
    const fs::path data = argc > 1 ? fs::path(argv[1]) : self.parent_path()/"data";
    const Workplace at(data);
    Word word;
    std::string line;
    long n_words = 0, n_lines = 0;
    const auto end_word = [&]
    {
        for (const Event& event : word.events)
            if (word.duration >= 0 && event.time > word.duration)
                refuse("word " + std::to_string(n_words) + ": an event lies after its end");
        answer(data, at, word, n_words++);
        word = Word();
    };
    while (std::getline(std::cin, line))
    {
        n_lines++;
        if (!line.empty() && line.back() == '\r') line.pop_back();
        if (!line.empty() && line[0] == '#') continue;
        if (line.find_first_not_of(" \t") == std::string::npos) { end_word(); continue; }
        word.begun = true;
        read_line(line, n_lines, word);
    }
    if (word.begun) end_word();
}
