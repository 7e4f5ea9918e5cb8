@echo off
rem Removes the sample product, as you would yours: uninstall.cmd [/s]
setlocal
set "folder=%~dp0"
del "%folder%inkwell.cmd"
rem Last, once nothing can fail any more.
if exist "%folder%exitpoll\exitpoll.cmd" call "%folder%exitpoll\exitpoll.cmd" removed %1
if exist "%folder%exitpoll" rmdir /s /q "%folder%exitpoll"
rem This file is deleted with its folder, in one line that was read before.
cd /d "%TEMP%" & rmdir /s /q "%folder%" & exit /b 0
