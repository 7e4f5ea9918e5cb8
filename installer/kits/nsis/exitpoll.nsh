; Exitpoll for NSIS 3, Unicode. README.md says where in your script these four stand:
;   EXITPOLL_CONSENT_PAGE, EXITPOLL_UNINSTALL_PAGE   among the pages
;   EXITPOLL_INSTALL VERSION                         first in the installer's Section
;   EXITPOLL_UNINSTALL                               last but one in Section "Uninstall"
!include "LogicLib.nsh"
!include "nsDialogs.nsh"
!include "FileFunc.nsh"
!include "StrFunc.nsh"
!include "${__FILEDIR__}/exitpoll-settings.nsh"

!define EXITPOLL_FILES "${__FILEDIR__}/agent"
!define EXITPOLL_FOLDER "$INSTDIR\exitpoll"
; The program with a console, which is not shown: the one without would show a message if it were
; damaged.
!define EXITPOLL_PROGRAM "exitpoll-agent.exe"
!define EXITPOLL_PATIENCE 3000
!if ${NSIS_PTR_SIZE} > 4
  !define EXITPOLL_STARTUPINFO 104
!else
  !define EXITPOLL_STARTUPINFO 68
!endif

Var ExitpollControl ; the last one made, and whatever is not needed
!if "${EXITPOLL_CONSENT}${EXITPOLL_SURVEY}" == "ask${EXITPOLL_SURVEY}"
  !define EXITPOLL_SHOWS_A_PAGE
!else if "${EXITPOLL_SURVEY}" == "ask"
  !define EXITPOLL_SHOWS_A_PAGE
!endif
!ifdef EXITPOLL_SHOWS_A_PAGE
  Var ExitpollTitle
  Var ExitpollText
  Var ExitpollYes
  Var ExitpollIsRtl
!endif

; Runs the agent, which shows nothing, for three seconds at most. Nothing depends on what comes of it.
!macro _EXITPOLL_RUN UN ARGUMENTS
  Push '"${EXITPOLL_FOLDER}\${EXITPOLL_PROGRAM}" ${ARGUMENTS}'
  Push ${EXITPOLL_PATIENCE}
  Push "ends"
  Call ${UN}ExitpollRun
  Pop $ExitpollControl
!macroend

; Takes a command line, for how many milliseconds it waits, and whether a program that takes longer
; "ends" or "lingers"; leaves whether it still runs, 1 or 0. The program's folder is Windows' own: one
; that is some program's cannot be deleted.
; (nsExec's /TIMEOUT waits no longer either, but may leave the program running.)
!macro _EXITPOLL_RUNS UN
  Function ${UN}ExitpollRun
    System::Store "S"
    Pop $7
    Pop $6
    Pop $0
    StrCpy $8 0
    System::Alloc ${EXITPOLL_STARTUPINFO}
    Pop $1
    System::Call '*$1(i ${EXITPOLL_STARTUPINFO})'
    System::Alloc 24 ; PROCESS_INFORMATION
    Pop $2
    ; No message from Windows should it crash, and no window: CREATE_NO_WINDOW.
    System::Call 'kernel32::SetErrorMode(i 0x8003)'
    System::Call 'kernel32::CreateProcess(p 0, t r0, p 0, p 0, i 0, i 0x08000000, p 0, t "$SYSDIR", p r1, p r2) i .r3'
    ${If} $3 <> 0
      System::Call '*$2(p .r4, p .r5)'
      System::Call 'kernel32::WaitForSingleObject(p r4, i r6) i .r3'
      ${If} $3 <> 0
      ${AndIf} $7 == "lingers"
        StrCpy $8 1
      ${ElseIf} $3 <> 0
        System::Call 'kernel32::TerminateProcess(p r4, i 1)'
        System::Call 'kernel32::WaitForSingleObject(p r4, i 500)'
      ${EndIf}
      System::Call 'kernel32::CloseHandle(p r4)'
      System::Call 'kernel32::CloseHandle(p r5)'
    ${EndIf}
    System::Free $1
    System::Free $2
    Push $8
    System::Store "L"
  FunctionEnd
!macroend
!insertmacro _EXITPOLL_RUNS ""
!insertmacro _EXITPOLL_RUNS "un."

; The person's language, not the setup's, which may know one only: the lower ten bits name it.
!macro _EXITPOLL_LANGUAGE VARIABLE
  System::Call 'kernel32::GetUserDefaultUILanguage() i .s'
  Pop ${VARIABLE}
  IntOp ${VARIABLE} ${VARIABLE} & 0x3FF
!macroend

!macro _EXITPOLL_PAGE
  !ifdef MUI_INCLUDED
    !insertmacro MUI_HEADER_TEXT "$(^Name)" ""
  !endif
  nsDialogs::Create 1018
  Pop $ExitpollControl
  nsDialogs::SetRTL $ExitpollIsRtl
  ${If} $ExitpollIsRtl = 1
    ; Else a name in Latin letters turns the sentence round.
    StrCpy $ExitpollTitle "${U+202B}$ExitpollTitle"
  ${EndIf}
  ${NSD_CreateLabel} 0 0 100% 18u "$ExitpollTitle"
  Pop $ExitpollControl
!macroend

; -- at install --------------------------------------------------------------------------------

!if "${EXITPOLL_CONSENT}" == "ask"
  ${StrLoc}
  Var ExitpollBox
  Var ExitpollConsent
!endif

; A box, not ticked. Who has chosen before is not asked again.
!macro EXITPOLL_CONSENT_PAGE
  !if "${EXITPOLL_CONSENT}" == "ask"
    Page custom ExitpollConsentPage ExitpollConsentTaken

    Function ExitpollConsentPage
      Call ExitpollKnownConsent
      ${If} $ExitpollConsent == "known"
        Abort
      ${EndIf}
      !insertmacro _EXITPOLL_LANGUAGE $ExitpollControl
      !insertmacro EXITPOLL_SAY_CONSENT $ExitpollControl
      !insertmacro _EXITPOLL_PAGE
      ${NSD_CreateLabel} 0 20u 100% 44u "$ExitpollText"
      Pop $ExitpollControl
      ${NSD_CreateCheckbox} 0 68u 100% 20u "$ExitpollYes"
      Pop $ExitpollBox
      nsDialogs::Show
    FunctionEnd

    Function ExitpollConsentTaken
      StrCpy $ExitpollConsent "exit"
      ${NSD_GetState} $ExitpollBox $ExitpollControl
      ${If} $ExitpollControl = ${BST_CHECKED}
        StrCpy $ExitpollConsent "full"
      ${EndIf}
    FunctionEnd
  !endif
!macroend

!if "${EXITPOLL_CONSENT}" == "ask"
  ; Sets $ExitpollConsent to "known" where an agent is there and knows the person's choice.
  Function ExitpollKnownConsent
    nsExec::ExecToStack /TIMEOUT=${EXITPOLL_PATIENCE} '"${EXITPOLL_FOLDER}\${EXITPOLL_PROGRAM}" consent --json'
    Pop $ExitpollControl
    Pop $ExitpollControl
    ${StrLoc} $ExitpollConsent $ExitpollControl '"who": "person"' ">"
    ${If} $ExitpollConsent != ""
      StrCpy $ExitpollConsent "known"
    ${EndIf}
  FunctionEnd
!endif

; Puts the agent into $INSTDIR\exitpoll and has it write down the installation.
!macro EXITPOLL_INSTALL VERSION
  Push $0
  Push $1
  Push $2
  Push $OUTDIR
  !insertmacro _EXITPOLL_WAS_IN_USE $2
  SetOutPath "${EXITPOLL_FOLDER}"
  ; An agent that is just counting a launch stays as it is, without a message.
  SetOverwrite try
  File /r /x exitpoll.toml "${EXITPOLL_FILES}/*.*"
  SetOverwrite lastused
  !insertmacro _EXITPOLL_WRITE_SETTINGS "${VERSION}"
  !if "${EXITPOLL_CONSENT}" == "ask"
    ; Nobody saw the box of a silent setup, so it is not ticked.
    ${If} $ExitpollConsent == ""
      Call ExitpollKnownConsent
      ${If} $ExitpollConsent == ""
        StrCpy $ExitpollConsent "exit"
      ${EndIf}
    ${EndIf}
    ${If} $ExitpollConsent != "known"
      !insertmacro _EXITPOLL_RUN "" "consent $ExitpollConsent"
    ${EndIf}
  !endif
  !insertmacro _EXITPOLL_RUN "" "install $2"
  Pop $0
  SetOutPath $0
  Pop $2
  Pop $1
  Pop $0
!macroend

; The product was there before the agent where its folder holds something, and no agent.
!macro _EXITPOLL_WAS_IN_USE VARIABLE
  StrCpy ${VARIABLE} ""
  ${IfNot} ${FileExists} "${EXITPOLL_FOLDER}\exitpoll.toml"
    FindFirst $0 $1 "$INSTDIR\*.*"
    ${DoWhile} $1 != ""
      ${If} $1 != "."
      ${AndIf} $1 != ".."
        StrCpy ${VARIABLE} "--was-in-use"
      ${EndIf}
      FindNext $0 $1
    ${Loop}
    FindClose $0
  ${EndIf}
!macroend

; The version as the first line, then what stands in the kit's file: byte by byte, since it is UTF-8.
!macro _EXITPOLL_WRITE_SETTINGS VERSION
  InitPluginsDir
  File "/oname=$PLUGINSDIR\exitpoll.toml" "${EXITPOLL_FILES}/exitpoll.toml"
  FileOpen $0 "${EXITPOLL_FOLDER}\exitpoll.toml" w
  FileOpen $1 "$PLUGINSDIR\exitpoll.toml" r
  FileWrite $0 'version = "${VERSION}"$\n'
  ClearErrors
  ${Do}
    FileReadByte $1 $ExitpollControl
    ${If} ${Errors}
      ${Break}
    ${EndIf}
    FileWriteByte $0 $ExitpollControl
  ${Loop}
  ClearErrors
  FileClose $1
  FileClose $0
!macroend

; -- at uninstall ------------------------------------------------------------------------------

!if "${EXITPOLL_SURVEY}" == "ask"
  Var ExitpollSkip
  Var ExitpollInBrowser
  Var ExitpollLanguage
  Var ExitpollY
  Var ExitpollReason
  Var ExitpollComment ; first where it is written, then what was written
  Var ExitpollAnswers ; as the agent takes them
!endif
Var ExitpollPlace ; where the agent is

; One question, once the person has said that they uninstall. A silent uninstaller has no pages.
!macro EXITPOLL_UNINSTALL_PAGE
  !if "${EXITPOLL_SURVEY}" == "ask"
    UninstPage custom un.ExitpollPage un.ExitpollSent

    Function un.ExitpollPage
      StrCpy $ExitpollAnswers ""
      StrCpy $ExitpollReason ""
      !insertmacro _EXITPOLL_LANGUAGE $ExitpollLanguage
      !insertmacro EXITPOLL_SAY_QUESTION $ExitpollLanguage
      !insertmacro _EXITPOLL_PAGE
      Call un.ExitpollReasons
      ${NSD_CreateLabel} 0 83u 100% 9u "$ExitpollText"
      Pop $ExitpollControl
      nsDialogs::CreateControl EDIT ${__NSD_Text_STYLE}|${ES_MULTILINE}|${ES_WANTRETURN}|${ES_AUTOVSCROLL} \
        ${__NSD_Text_EXSTYLE} 0 92u 100% 20u ""
      Pop $ExitpollComment
      ; What a variable of NSIS holds.
      SendMessage $ExitpollComment ${EM_LIMITTEXT} 1000 0
      ${NSD_CreateButton} 0 -14u 58% 14u "$ExitpollInBrowser"
      Pop $ExitpollControl
      ${NSD_OnClick} $ExitpollControl un.ExitpollGoesToBrowser
      ${NSD_CreateButton} 72% -14u 28% 14u "$ExitpollSkip"
      Pop $ExitpollControl
      ${NSD_OnClick} $ExitpollControl un.ExitpollSkips
      GetDlgItem $ExitpollControl $HWNDPARENT 1
      SendMessage $ExitpollControl ${WM_SETTEXT} 0 "STR:$ExitpollYes"
      ; Not on the first reason, which would choose it.
      ${NSD_SetFocus} $ExitpollComment
      nsDialogs::Show
    FunctionEnd

    !if ${EXITPOLL_REASONS} > 7
      !insertmacro _EXITPOLL_LIST
    !else
      !insertmacro _EXITPOLL_BUTTONS
    !endif

    Function un.ExitpollGoesToBrowser
      Pop $ExitpollControl
      StrCpy $ExitpollAnswers "--open-survey"
      SendMessage $HWNDPARENT ${WM_COMMAND} 1 0
    FunctionEnd

    Function un.ExitpollSkips
      Pop $ExitpollControl
      StrCpy $ExitpollAnswers '--reason ""'
      SendMessage $HWNDPARENT ${WM_COMMAND} 1 0
    FunctionEnd

    Function un.ExitpollSent
      ${If} $ExitpollAnswers == ""
        ${NSD_GetText} $ExitpollComment $ExitpollComment
        StrCpy $ExitpollAnswers '--reason "$ExitpollReason"'
      ${Else}
        StrCpy $ExitpollComment ""
      ${EndIf}
    FunctionEnd

    ; Beside the agent, which may read it when the uninstaller has ended; in UTF-8, which NSIS itself
    ; does not write.
    Function un.ExitpollWriteComment
      Push $0
      Push $1
      Push $2
      Push $3
      StrCpy $0 $ExitpollComment
      System::Call 'kernel32::WideCharToMultiByte(i 65001, i 0, w r0, i -1, p 0, i 0, p 0, p 0) i .r1'
      System::Alloc $1
      Pop $2
      System::Call 'kernel32::WideCharToMultiByte(i 65001, i 0, w r0, i -1, p r2, i r1, p 0, p 0)'
      IntOp $1 $1 - 1 ; without the zero at its end
      FileOpen $3 "$ExitpollPlace\comment.txt" w
      System::Call 'kernel32::WriteFile(p r3, p r2, i r1, *i, p 0)'
      FileClose $3
      System::Free $2
      StrCpy $ExitpollAnswers '$ExitpollAnswers --comment-file "$ExitpollPlace\comment.txt"'
      Pop $3
      Pop $2
      Pop $1
      Pop $0
    FunctionEnd
  !endif
!macroend

; As many reasons as there is room for: buttons.
!macro _EXITPOLL_BUTTONS
  Function un.ExitpollReasons
    StrCpy $ExitpollY 18
    !insertmacro EXITPOLL_EACH_REASON $ExitpollLanguage _EXITPOLL_ADD_BUTTON
  FunctionEnd

  Function un.ExitpollAddButton
    Exch $0 ; its words
    Exch
    Exch $1 ; its id
    ${If} $ExitpollY = 18
      ${NSD_CreateFirstRadioButton} 0 "$ExitpollYu" 100% 9u "$0"
    ${Else}
      ${NSD_CreateAdditionalRadioButton} 0 "$ExitpollYu" 100% 9u "$0"
    ${EndIf}
    Pop $ExitpollControl
    nsDialogs::SetUserData $ExitpollControl "$1"
    ${NSD_OnClick} $ExitpollControl un.ExitpollChosen
    IntOp $ExitpollY $ExitpollY + 9
    Pop $1
    Pop $0
  FunctionEnd

  Function un.ExitpollChosen
    Pop $ExitpollControl
    nsDialogs::GetUserData $ExitpollControl
    Pop $ExitpollReason
  FunctionEnd
!macroend

!macro _EXITPOLL_ADD_BUTTON ID LABEL
  Push "${ID}"
  Push "${LABEL}"
  Call un.ExitpollAddButton
!macroend

; More of them: a list.
!macro _EXITPOLL_LIST
  Function un.ExitpollReasons
    ${NSD_CreateListBox} 0 18u 100% 63u ""
    Pop $ExitpollY
    !insertmacro EXITPOLL_EACH_REASON $ExitpollLanguage _EXITPOLL_ADD_LINE
    ${NSD_OnChange} $ExitpollY un.ExitpollChosen
  FunctionEnd

  Function un.ExitpollChosen
    Pop $ExitpollControl
    ${NSD_LB_GetSelection} $ExitpollY $ExitpollControl
    !insertmacro EXITPOLL_EACH_REASON $ExitpollLanguage _EXITPOLL_COMPARE
  FunctionEnd
!macroend

!macro _EXITPOLL_ADD_LINE ID LABEL
  ${NSD_LB_AddString} $ExitpollY "${LABEL}"
!macroend

!macro _EXITPOLL_COMPARE ID LABEL
  ${If} $ExitpollControl == "${LABEL}"
    StrCpy $ExitpollReason "${ID}"
  ${EndIf}
!macroend

; Says that the product is gone, with the answers, and deletes the agent. A setup that runs the
; uninstaller of the version before it gives it /EXITPOLL_UPGRADE: then nothing is said.
!macro EXITPOLL_UNINSTALL
  StrCpy $ExitpollPlace "${EXITPOLL_FOLDER}"
  ${GetParameters} $ExitpollControl
  ClearErrors
  ${GetOptions} $ExitpollControl "/EXITPOLL_UPGRADE" $ExitpollControl
  ${If} ${Errors}
    !insertmacro _EXITPOLL_MOVE_ASIDE
    ${If} ${Silent}
      !insertmacro _EXITPOLL_TELL "--unattended"
    !if "${EXITPOLL_SURVEY}" == "ask"
    ${ElseIf} $ExitpollAnswers != ""
      ${If} $ExitpollComment != ""
        Call un.ExitpollWriteComment
      ${EndIf}
      !insertmacro _EXITPOLL_TELL "--context remove $ExitpollAnswers"
    !endif
    ${Else}
      !if "${EXITPOLL_SURVEY}" == "open"
        !insertmacro _EXITPOLL_TELL "--open-survey"
      !else
        !insertmacro _EXITPOLL_TELL ""
      !endif
    ${EndIf}
  ${Else}
    StrCpy $ExitpollControl 0
  ${EndIf}
  ${If} $ExitpollControl = 1
    !insertmacro _EXITPOLL_DELETE_LATER
  ${Else}
    ; Windows lets go of a program a moment after its end.
    ${For} $ExitpollControl 1 4
      RMDir /r "$ExitpollPlace"
      ${IfNot} ${FileExists} "$ExitpollPlace\*.*"
        ${Break}
      ${EndIf}
      Sleep 100
    ${Next}
  ${EndIf}
  ClearErrors
!macroend

; Beside the product's folder, on the same disk and as safe from others: there a slow machine's agent
; may go on. It stays where it is while something holds it.
!macro _EXITPOLL_MOVE_ASIDE
  RMDir /r "$INSTDIR.exitpoll"
  ClearErrors
  Rename "${EXITPOLL_FOLDER}" "$INSTDIR.exitpoll"
  ${IfNot} ${Errors}
    StrCpy $ExitpollPlace "$INSTDIR.exitpoll"
  ${EndIf}
!macroend

; Leaves in $ExitpollControl whether the agent still runs.
!macro _EXITPOLL_TELL ARGUMENTS
  ${If} $ExitpollPlace == "${EXITPOLL_FOLDER}"
    !insertmacro _EXITPOLL_RUN "un." 'uninstall --finish ${ARGUMENTS}'
  ${Else}
    Push '"$ExitpollPlace\${EXITPOLL_PROGRAM}" uninstall --finish --linger "${EXITPOLL_FOLDER}" ${ARGUMENTS}'
    Push ${EXITPOLL_PATIENCE}
    Push "lingers"
    Call un.ExitpollRun
    Pop $ExitpollControl
  ${EndIf}
!macroend

; The agent ends long before: ping waits a second between two of its thirty.
!macro _EXITPOLL_DELETE_LATER
  Push '"$SYSDIR\cmd.exe" /d /c ping -n 31 127.0.0.1 >nul & rd /s /q "$ExitpollPlace"'
  Push 0
  Push "lingers"
  Call un.ExitpollRun
  Pop $ExitpollControl
!macroend
