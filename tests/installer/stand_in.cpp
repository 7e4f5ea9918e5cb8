// Stands in for exitpoll-agentw.exe: notes how it was started, then does what the file `does` says.
#include <windows.h>

#include <cstdio>
#include <string>

static std::string inUtf8(const wchar_t* text) {
    char bytes[8192] = {};
    WideCharToMultiByte(CP_UTF8, 0, text, -1, bytes, sizeof bytes, nullptr, nullptr);
    return bytes;
}

int WINAPI WinMain(HINSTANCE, HINSTANCE, LPSTR, int) {
    wchar_t folder[4096] = {};
    GetCurrentDirectoryW(4096, folder);
    DWORD written = 0;
    const bool holds_a_stream = WriteFile(GetStdHandle(STD_OUTPUT_HANDLE), "held", 4, &written, nullptr) != 0;
    FILE* noted = std::fopen("noted.new", "wb");
    std::fprintf(noted, "command: %s\nfolder: %s\nstream: %d\nconsole: %d\n",
                 inUtf8(GetCommandLineW()).c_str(), inUtf8(folder).c_str(), holds_a_stream, GetConsoleWindow() != nullptr);
    std::fclose(noted);
    std::rename("noted.new", "noted");
    std::string does;
    if (FILE* told = std::fopen("does", "rb")) {
        char text[16] = {};
        std::fread(text, 1, sizeof text - 1, told);
        std::fclose(told);
        does = text;
    }
    if (does == "crash") *static_cast<volatile int*>(nullptr) = 0;
    for (int tenths = 0; does == "sleep" && tenths < 600; ++tenths) {
        if (GetFileAttributesA("end") != INVALID_FILE_ATTRIBUTES) break;
        Sleep(100);
    }
    return 0;
}
