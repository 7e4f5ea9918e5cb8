// A product that has its launches counted. C# 5; .NET, .NET Framework and Mono.
using System;

static class Inkwell
{
    // -- exitpoll: begin
    /// <summary>Counts this launch. Returns at once, and throws nothing.</summary>
    static void StartExitpollAgent()
    {
        try
        {
            var isWindows = System.IO.Path.DirectorySeparatorChar == '\\';
            var folder = System.IO.Path.Combine(AppDomain.CurrentDomain.BaseDirectory, "exitpoll");
            var name = isWindows ? "exitpoll-agentw.exe" : "exitpoll-agent";
            var start = new System.Diagnostics.ProcessStartInfo(System.IO.Path.Combine(folder, name))
            {
                Arguments = "launch",
                WorkingDirectory = folder,
                UseShellExecute = false,
                CreateNoWindow = true,
                // Pipes that are closed at once: otherwise the agent would hold the product's own.
                RedirectStandardInput = true,
                RedirectStandardOutput = true,
                RedirectStandardError = true,
            };
            using (var agent = System.Diagnostics.Process.Start(start))
            {
                agent.StandardInput.Close();
                agent.StandardOutput.Close();
                agent.StandardError.Close();
            }
        }
        catch (Exception)
        {
            // Not counted; the product goes on.
        }
    }
    // -- exitpoll: end

    static int Main()
    {
        StartExitpollAgent(); // exitpoll: the call
        Console.WriteLine("Inkwell: nothing to write about yet");
        return 0;
    }
}
