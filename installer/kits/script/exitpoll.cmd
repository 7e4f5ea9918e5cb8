@echo off
rem What your install.cmd and uninstall.cmd call; it breaks neither of them.
rem
rem   call exitpoll.cmd installed [/s] [--was-in-use]
rem   call exitpoll.cmd removed [/s]     asks, and tells; then your uninstall.cmd deletes the folder
rem
rem /s: nobody is to be asked. --was-in-use: the product was there before, without the agent.
if "%~1"=="agent" goto run
setlocal DisableDelayedExpansion
set "here=%~dp0"
set "silent="
set "was_in_use="
for %%o in (%2 %3) do (
  if /i "%%~o"=="/s" set "silent=1"
  if /i "%%~o"=="--was-in-use" set "was_in_use=--was-in-use"
)
rem The words are UTF-8; the person's own page comes back at the end.
for /f "tokens=2 delims=:" %%p in ('chcp') do set /a page=%%p
chcp 65001 > nul
for /f "tokens=3" %%l in ('reg query "HKCU\Control Panel\International" /v LocaleName 2^> nul') do set "language=%%l"
call "%here%exitpoll-settings.cmd" %language%
setlocal EnableDelayedExpansion
if "%~1"=="installed" call :installed
if "%~1"=="removed" call :removed
chcp %page% > nul
exit /b 0

:installed
call :agent install %was_in_use%
if not "%consent%"=="ask" exit /b
rem Whoever chose before is not asked again, and nobody's choice is made for them.
set "decided="
for /f "delims=" %%c in ('""%here%exitpoll-agent.exe" consent"') do if not defined decided set "decided=%%c"
if defined decided if not "%decided:person =%"=="%decided%" exit /b
set "answer=0"
if not defined silent (
  echo.!consent_title!
  echo.!consent_text!
  echo   1  !consent_yes!
  echo   0  !skip!
  set /p "answer=> "
)
if "!answer!"=="1" (call :agent consent full) else call :agent consent exit
exit /b

:removed
if defined silent goto unattended
if "%survey%"=="open" goto browser
if "%survey%"=="no" goto nobody
echo.!question!
set "number=0"
:next
set /a number+=1
echo   %number%  !label_%number%!
if %number% lss %count% goto next
set /a last=count + 1
echo   %last%  !in_browser!
echo   0  !skip!
set "answer=0"
set /p "answer=> "
if "!answer!"=="%last%" goto browser
rem What is no number of the list says nothing.
set "reason="
set "number=0"
:look
set /a number+=1
if "!answer!"=="%number%" set "reason=!reason_%number%!"
if %number% lss %count% goto look
set "said=%TEMP%\exitpoll-%RANDOM%%RANDOM%.txt"
set "written="
if defined reason (
  echo.!comment!
  set /p "written=> "
)
> "%said%" echo.!written!
call :agent uninstall --finish --context remove --reason "%reason%" --comment-file "%said%"
del "%said%"
exit /b

:unattended
call :agent uninstall --finish --unattended
exit /b

:browser
call :agent uninstall --finish --open-survey
exit /b

:nobody
call :agent uninstall --finish
exit /b

rem Three seconds and no more. Nothing in a .cmd can tell our agent from another product's: all are ended
rem that still run then, which happens only where one hangs.
:agent
set "exitpoll_arguments=%*"
set "exitpoll_done=%TEMP%\exitpoll-%RANDOM%%RANDOM%.done"
start "" /b cmd /d /c call "%here%exitpoll.cmd" agent < nul > nul 2>&1
for /l %%s in (1,1,3) do if not exist "%exitpoll_done%" ping -n 2 127.0.0.1 > nul
if not exist "%exitpoll_done%" taskkill /f /im exitpoll-agentw.exe > nul 2>&1
del "%exitpoll_done%" > nul 2>&1
exit /b

rem In a process of its own, which nobody waits for.
:run
"%~dp0exitpoll-agentw.exe" %exitpoll_arguments%
> "%exitpoll_done%" echo.
exit
