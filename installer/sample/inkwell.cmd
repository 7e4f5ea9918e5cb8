@rem The sample product. Its agent counts this start; nobody waits for it, and nothing depends on it.
@if exist "%~dp0exitpoll\exitpoll-agentw.exe" start "" /b "%~dp0exitpoll\exitpoll-agentw.exe" launch
@echo Inkwell: nothing to write about yet
