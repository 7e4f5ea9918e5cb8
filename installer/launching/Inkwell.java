// A product that has its launches counted. Java 9 or newer.
public final class Inkwell {
    // -- exitpoll: begin
    /** Counts this launch. Returns at once, and throws nothing. */
    private static void startExitpollAgent() {
        try {
            boolean isWindows = java.io.File.separatorChar == '\\';
            java.io.File product = new java.io.File(
                Inkwell.class.getProtectionDomain().getCodeSource().getLocation().toURI());
            java.io.File folder = new java.io.File(product.getParentFile(), "exitpoll"); // beside the .jar
            String name = isWindows ? "exitpoll-agentw.exe" : "exitpoll-agent";
            new ProcessBuilder(new java.io.File(folder, name).getPath(), "launch")
                .directory(folder)
                .redirectInput(new java.io.File(isWindows ? "NUL" : "/dev/null"))
                .redirectOutput(ProcessBuilder.Redirect.DISCARD)
                .redirectError(ProcessBuilder.Redirect.DISCARD)
                .start();
        } catch (Exception notCounted) {
            // The product goes on.
        }
    }
    // -- exitpoll: end

    public static void main(String[] arguments) {
        startExitpollAgent(); // exitpoll: the call
        System.out.println("Inkwell: nothing to write about yet");
    }
}
