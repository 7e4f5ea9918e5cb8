// A product that has its launches counted. C++11; Windows, Linux and macOS.
#include <cstdio>

// -- exitpoll: begin
#include <string>
#ifdef _WIN32
#include <windows.h>
#else
#include <cerrno>
#include <climits>
#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>
#ifdef __APPLE__
#include <mach-o/dyld.h>
#endif
#endif

// Counts this launch. Returns at once, and whatever becomes of the agent, the product goes on.
#ifdef _WIN32
static void startExitpollAgent() {
    std::wstring folder(32768, L'\0'); // the longest path that Windows knows
    folder.resize(GetModuleFileNameW(nullptr, &folder[0], static_cast<DWORD>(folder.size())));
    folder.resize(folder.find_last_of(L'\\') + 1);
    if (folder.empty()) return;
    folder += L"exitpoll";
    const std::wstring agent = folder + L"\\exitpoll-agentw.exe";
    wchar_t command[] = L"exitpoll-agentw.exe launch";
    STARTUPINFOW startup = {};
    startup.cb = sizeof startup;
    // No busy pointer, and instead of our streams none.
    startup.dwFlags = STARTF_FORCEOFFFEEDBACK | STARTF_USESTDHANDLES;
    PROCESS_INFORMATION started = {};
    // The agent takes this over: should it crash, Windows shows nothing.
    const UINT mode = SetErrorMode(SEM_FAILCRITICALERRORS | SEM_NOGPFAULTERRORBOX);
    const BOOL isStarted = CreateProcessW(agent.c_str(), command, nullptr, nullptr, FALSE,
                                          CREATE_NO_WINDOW, nullptr, folder.c_str(), &startup, &started);
    SetErrorMode(mode);
    if (isStarted) {
        CloseHandle(started.hThread);
        CloseHandle(started.hProcess);
    }
}
#else
static void startExitpollAgent() {
    char self[PATH_MAX] = {};
#ifdef __APPLE__
    uint32_t size = sizeof self;
    if (_NSGetExecutablePath(self, &size) != 0) return;
#else
    if (readlink("/proc/self/exe", self, sizeof self - 1) <= 0) return;
#endif
    std::string folder(self);
    folder.resize(folder.find_last_of('/') + 1);
    folder += "exitpoll";
    const pid_t child = fork();
    if (child == 0) {
        // A session of its own, and a parent that ends here: no signal of ours reaches the agent,
        // and init takes it in, so that no zombie is left.
        setsid();
        if (fork() != 0) _exit(0);
        const long open_files = sysconf(_SC_OPEN_MAX);
        const int most = open_files > 0 && open_files < 65536 ? static_cast<int>(open_files) : 65536;
        for (int file = 0; file < most; ++file) close(file); // it holds nothing of ours
        open("/dev/null", O_RDWR); // is 0, as nothing else is open
        dup2(0, 1);
        dup2(0, 2);
        if (chdir(folder.c_str()) == 0)
            execl("./exitpoll-agent", "exitpoll-agent", "launch", static_cast<char*>(nullptr));
        _exit(127);
    }
    while (child > 0 && waitpid(child, nullptr, 0) == -1 && errno == EINTR) {}
}
#endif
// -- exitpoll: end

int main() {
    startExitpollAgent(); // exitpoll: the call
    std::puts("Inkwell: nothing to write about yet");
    return 0;
}
